import { type FoundSite, isBelow, joinPath } from '../../intake/archives/foundSite.ts'
import type { FoundKind, Outline } from '../../intake/archives/outline.ts'
import { signs, webRoots } from '../../sites/detect/signs.ts'

/** By which file a framework shows itself in an outline. */
const marks: { kind: FoundKind; file: string }[] = [
  { kind: 'wordpress', file: 'wp-includes/version.php' },
  { kind: 'drupal8', file: 'core/lib/Drupal.php' },
  { kind: 'drupal7', file: 'includes/bootstrap.inc' },
  { kind: 'backdrop', file: 'core/scripts/backdrop.sh' },
]

/**
 * Every site in an archive, outermost first, by the same signs as in a directory (`sites/detect`). Sites inside of others
 * come too; whoever asks decides.
 */
export function findSites(outline: Outline): FoundSite[] {
  const places = new Set(
    marks.flatMap(({ kind, file }) => outline.found[kind].map((path) => path.slice(0, -file.length).replace(/\/$/, ''))),
  )
  const bedrock = [...places].flatMap((core) =>
    core.endsWith('web/wp') ? [core.slice(0, -'web/wp'.length).replace(/\/$/, '')] : [],
  )
  const found = [...new Set([...bedrock, ...places])].flatMap((place) => siteAt(outline, place) ?? [])
  return found
    .filter((site) => !found.some((other) => isOwnPart(site, other)))
    .toSorted((a, b) => depth(a.docroot) - depth(b.docroot) || (a.docroot < b.docroot ? -1 : 1))
}

function siteAt(outline: Outline, core: string): FoundSite | null {
  const has = (path: string): boolean => outline.has(joinPath(core, path))
  const sign = signs.find(({ all, none }) => all.every(has) && !none.some(has))
  if (sign === undefined) return null
  const text = sign.version === null ? null : outline.text(joinPath(core, sign.version.file))
  const docroot = docrootOf(outline, core)
  return {
    framework: sign.framework,
    title: sign.title,
    version: sign.version?.pattern.exec(text ?? '')?.[1] ?? null,
    docroot,
    coreDirectory: core,
    codeRoot: sign.framework === 'bedrock' ? core : codeRootOf(outline, docroot),
    refusal: sign.refusal,
  }
}

/** WordPress in a folder of its own: the `index.php` above requires its `wp-blog-header.php`. */
function docrootOf(outline: Outline, core: string): string {
  const above = parent(core)
  const index = above === null ? null : outline.text(joinPath(above, 'index.php'))
  const folder = core.split('/').at(-1) ?? ''
  return above !== null && index !== null && index.includes(`/${folder}/wp-blog-header.php`) ? above : core
}

function codeRootOf(outline: Outline, docroot: string): string {
  const above = parent(docroot)
  if (above === null) return docroot
  const composer = outline.text(joinPath(above, 'composer.json'))
  const named = /"web-root"\s*:\s*"(?:\.\/)?([^"\\]+?)\/?"/.exec(composer ?? '')?.[1]
  const folder = docroot.split('/').at(-1) ?? ''
  const isWebRoot = webRoots.includes(folder) || named === folder
  const holdsMore = ['composer.json', 'composer.lock', '.git/HEAD', 'pantheon.yml'].some((name) =>
    outline.has(joinPath(above, name)),
  )
  return isWebRoot && holdsMore ? above : docroot
}

/** Drupal 8 and Backdrop have in `core` what Drupal 7 has in its root; Bedrock has a WordPress in it. */
function isOwnPart(site: FoundSite, other: FoundSite): boolean {
  if (site === other) return false
  if (site.coreDirectory === joinPath(other.coreDirectory, 'core')) return true
  return other.framework === 'bedrock' && isBelow(site.coreDirectory, other.coreDirectory)
}

function parent(path: string): string | null {
  if (path === '') return null
  const at = path.lastIndexOf('/')
  return at < 0 ? '' : path.slice(0, at)
}

function depth(path: string): number {
  return path === '' ? 0 : path.split('/').length
}
