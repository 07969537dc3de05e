import type { BootSigns, PageAnswer } from './types.ts'

/** One sentence when a page is not what a site that runs would answer; null when it is. */
export function judgeBoot(page: PageAnswer, signs: BootSigns, code: string): string | null {
  const fatal = fatalOf(page.errors, code)
  if (fatal !== null) return fatal
  if (page.location !== null && signs.installerPath !== '' && page.location.includes(signs.installerPath))
    return 'it sends its visitors to the installer: its tables are not found'
  const found = signs.failures.find((text) => page.text.includes(text))
  if (found !== undefined) return `it answers "${excerpt(page.text, found)}"`
  return signs.statuses.includes(page.status) ? null : `it answers with status ${page.status}`
}

/** From the sign on: where the site shows its errors, the reason follows. */
function excerpt(text: string, sign: string): string {
  const words = text.slice(text.indexOf(sign), text.indexOf(sign) + 1000)
  const plain = words
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
  return plain.length > 300 ? `${plain.slice(0, 300)}…` : plain
}

/** PHP's own words about what ended a request; paths are told from the code root on. */
function fatalOf(errors: string, code: string): string | null {
  const [, words] = /PHP (?:Fatal|Parse|Compile) error:\s+([^\n]+)/.exec(errors) ?? []
  return words?.replaceAll(`${code}/`, '').slice(0, 300).trim() ?? null
}
