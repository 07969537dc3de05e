import type { ForeignEntry } from '../../archive/foreign/types.ts'

/** What of an archive has to be known to tell what it is, in memory that does not grow with it. */
export interface Outline {
  has(path: string): boolean
  /** The text of a small file that tells something; null for others */
  text(path: string): string | null
  /** Paths of the kinds below, in the order of the archive */
  found: Record<FoundKind, string[]>
  entries: number
  files: number
  bytes: number
  /** Directories that hold everything else, outermost first: `['site', 'htdocs']` when all lies in site/htdocs */
  sharedTop: string[]
  /** Names right below the root */
  top: string[]
  /** Names right below a directory near the root (`''` or `a/`) */
  besideTop(above: string): string[]
}

export const foundKinds = {
  dump: /\.(sql|mysql)(\.gz)?$/i,
  settings: /(^|\/)sites\/[^/]+\/settings\.php$/,
  wordpress: /(^|\/)wp-includes\/version\.php$/,
  drupal8: /(^|\/)core\/lib\/Drupal\.php$/,
  drupal7: /(^|\/)includes\/bootstrap\.inc$/,
  backdrop: /(^|\/)core\/scripts\/backdrop\.sh$/,
  wpConfig: /(^|\/)wp-config\.php$/,
  uploads: /(^|\/)(wp-content\/uploads|sites\/[^/]+\/files)$/,
  archive: /\.(tar|tgz|tar\.gz|zip|tar\.bz2|7z|rar|wpress|daf)$/i,
  manifest: /(^|\/)(MANIFEST\.(yml|ini)|manifest\.json)$/,
  git: /(^|\/)\.git\/HEAD$/,
} as const
export type FoundKind = keyof typeof foundKinds

/** Files that are asked for by name, wherever they stand. */
const named =
  /(^|\/)(wp-settings\.php|wp-load\.php|wp-config\.php|wp-includes\/version\.php|core\/lib\/Drupal\.php|includes\/bootstrap\.inc|misc\/ajax\.js|core\/scripts\/backdrop\.sh|core\/misc\/ajax\.js|core|config\/application\.php|web\/app|index\.php|composer\.(json|lock)|settings\.php|\.git\/HEAD|MANIFEST\.(yml|ini)|pantheon\.yml|sites\/[^/]+|files|wp-content(\/(uploads|plugins|themes))?)$/

/** Small files that are read: where a version, a configuration or a table of contents stands. */
const read =
  /(^|\/)(wp-includes\/version\.php|core\/lib\/Drupal\.php|includes\/bootstrap\.inc|wp-config\.php|sites\/[^/]+\/settings\.php|index\.php|composer\.(json|lock)|MANIFEST\.(yml|ini)|\.git\/HEAD|backdrop\.json)$/

const foundMax = 1000
const namesMax = 20_000
const textBytesMax = 512 << 10
const allTextBytesMax = 16 << 20
const topMax = 1000

/** Looks at the members of an archive as they go by. */
export class OutlineMaker implements Outline {
  readonly found: Outline['found']
  entries = 0
  files = 0
  bytes = 0
  readonly #names = new Set<string>()
  readonly #texts = new Map<string, string>()
  readonly #top = new Set<string>()
  readonly #second = new Set<string>()
  #textBytes = 0
  #shared: string[] | null = null
  /** Directories before the first file */
  #early: string[][] = []

  constructor() {
    this.found = Object.fromEntries(Object.keys(foundKinds).map((kind) => [kind, []])) as unknown as Outline['found']
  }

  /** @returns whether its body should be told with `tell` */
  see(entry: Pick<ForeignEntry, 'path' | 'kind' | 'sizeBytes'>): boolean {
    const path = entry.path.toString()
    this.entries += 1
    this.bytes += entry.sizeBytes
    this.#share(path, entry.kind === 'directory')
    if (named.test(path) && this.#names.size < namesMax) this.#names.add(path)
    if (entry.kind === 'directory' && !foundKinds.uploads.test(path)) return false
    if (entry.kind !== 'directory') this.files += 1
    for (const [kind, pattern] of Object.entries(foundKinds)) {
      const list = this.found[kind as FoundKind]
      if (pattern.test(path) && list.length < foundMax) list.push(path)
    }
    const fits = entry.sizeBytes <= textBytesMax && this.#textBytes + entry.sizeBytes <= allTextBytesMax
    return entry.kind === 'file' && fits && read.test(path)
  }

  tell(path: Buffer, body: Buffer): void {
    this.#textBytes += body.length
    this.#texts.set(path.toString(), body.toString())
  }

  has(path: string): boolean {
    return this.#names.has(path)
  }

  text(path: string): string | null {
    return this.#texts.get(path) ?? null
  }

  get sharedTop(): string[] {
    return this.#shared ?? []
  }

  get top(): string[] {
    return [...this.#top]
  }

  besideTop(above: string): string[] {
    if (above === '') return this.top
    return [...this.#second].flatMap((path) => (path.startsWith(above) ? [path.slice(above.length)] : []))
  }

  /** The first file sets what is shared; every other path cuts it down, but for directories above it. */
  #share(path: string, isDirectory: boolean): void {
    const parts = path.split('/')
    if (this.#top.size < topMax) this.#top.add(parts[0] as string)
    if (parts.length > 1 && this.#second.size < topMax) this.#second.add(`${parts[0]}/${parts[1]}`)
    if (this.#shared === null && isDirectory) {
      if (this.#early.length < topMax) this.#early.push(parts)
      return
    }
    const above = isDirectory ? parts : parts.slice(0, -1)
    if (this.#shared === null) {
      this.#shared = above
      for (const early of this.#early.splice(0)) this.#cutShared(early, true)
    }
    this.#cutShared(above, isDirectory)
  }

  #cutShared(parts: string[], isDirectory: boolean): void {
    const shared = this.#shared ?? []
    let same = 0
    while (same < parts.length && parts[same] === shared[same]) same += 1
    if (!isDirectory || same < parts.length) this.#shared = shared.slice(0, same)
  }
}
