import type { LinkView } from '../../../contract/schemas.ts'

/** Ready lines, each for one program. The link and the name hold no sign that a shell reads. */
export function commandsFor({
  url,
  fileName,
}: Pick<LinkView, 'url' | 'fileName'>): { label: string; line: string; remark?: string }[] {
  return [
    { label: 'wget', line: `wget -c '${url}'`, remark: 'The same line again goes on where it stopped' },
    // without -f the page of a refusal would be saved as the archive
    {
      label: 'curl',
      line: `curl -f -C - -o '${fileName}' '${url}'`,
      remark: 'The same line again goes on where it stopped; error 416 means that nothing is missing',
    },
    {
      label: 'PowerShell',
      line: `Invoke-WebRequest -Uri '${url}' -OutFile '${fileName}'`,
      remark: 'The shell stays silent until the download completes',
    },
  ]
}
