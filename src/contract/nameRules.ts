/** How sites and environments may be called; `src/sites/names.ts` parses by these, and the command line asks before anything else. */

export const siteNameRule =
  'a site name has 1 to 51 lower-case letters, digits and dashes, and begins and ends with a letter or digit'
export const environmentNameRule =
  'an environment is "dev", "test", "live" or another name of 1 to 11 lower-case letters and digits'

export function isSiteName(text: string): boolean {
  return /^(?=.{1,51}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(text)
}

export function isEnvironmentName(text: string): boolean {
  return /^[a-z0-9]{1,11}$/.test(text)
}

/** The name that was meant, perhaps: `My Shop!` is `my-shop`; null where nothing of it can stay. */
export function suggestSiteName(text: string): string | null {
  const plain = text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()
  const nearest = plain
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 51)
    .replace(/-+$/, '')
  return nearest === '' ? null : nearest
}
