import { Marked, type Tokens } from 'marked'

/** Our own pages, which come with the server: headings get addresses as GitHub makes them, links stay within the dashboard. */
export async function readMarkdown(text: string): Promise<string> {
  const marked = new Marked({
    renderer: {
      html: ({ text: raw }: Tokens.HTML | Tokens.Tag) => escape(raw),
      heading({ tokens, depth, text: title }: Tokens.Heading) {
        return `<h${depth} id="${anchorOf(title)}">${this.parser.parseInline(tokens)}</h${depth}>`
      },
      link({ href, tokens }: Tokens.Link) {
        const [, page, hash = ''] = /^([\w-]+)\.md(#[\w-]+)?$/.exec(href) ?? []
        const to = page === undefined ? href : `/help/${page}${hash}`
        return `<a href="${/^(\/help\/|https:\/\/|#)/.test(to) ? escape(to) : '#'}">${this.parser.parseInline(tokens)}</a>`
      },
    },
  })
  return marked.parse(text)
}

export function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s-]/gu, '')
    .trim()
    .replaceAll(/\s+/g, '-')
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
