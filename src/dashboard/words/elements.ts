import type { Element } from '../../contract/words.ts'

/** The words of the three archives, as they stand on the buttons */
export const elementWords: Record<Element, string> = { code: 'Code', database: 'Database', files: 'Files' }
export const elementOrder: readonly Element[] = ['code', 'database', 'files']

/** `code, files and database` */
export function listText(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

export const frameworkWords: Record<string, string> = {
  wordpress: 'WordPress',
  wordpress_network: 'WordPress network',
  drupal7: 'Drupal 7',
  drupal8: 'Drupal',
  backdrop: 'Backdrop',
}
export const triggerWords: Record<string, string> = { manual: 'Manual', automatic: 'Automatic', safety: 'Safety' }
