import { readSmallFile } from '../../php/readPhp.ts'

/** Where requests to a Drupal are held, relative to its docroot, and how the file of ours is told from one of the site. */
export const sitesFile = {
  path: 'sites/sites.php',
  /** The site's own `sites.php` while ours stands in its place */
  kept: 'sites/cairn-kept-sites.php',
  mark: '// written by Cairn, which removes it when the change has ended',
}

export function isHeldBy(path: string): boolean {
  return readSmallFile(path)?.includes(sitesFile.mark) === true
}
