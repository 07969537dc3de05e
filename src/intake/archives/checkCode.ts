import type { Warning } from '../../contract/words.ts'
import type { GivenArchive } from './givenArchive.ts'
import { type FoundSite, isBelow, joinPath, relativeTo } from './foundSite.ts'
import type { Outline } from './outline.ts'
import { listed, refuseArchive } from './refuseArchive.ts'

export interface CheckedCode {
  site: FoundSite
  outline: Outline
  /** A path of the archive, whether it holds it or not */
  filesDirectory: string
  siteDirectory: string | null
  warnings: Warning[]
}

/** The one site in the code archive. @throws {Failure} ARCHIVE_REFUSED */
export function checkCode(given: GivenArchive | undefined): CheckedCode {
  if (given === undefined)
    throw refuseArchive('no-archive', 'nothing', 'no code archive was given', 'A site is made of its code at least')
  const { name, outline } = given
  if (outline === null) {
    throw refuseArchive(
      'no-code-root',
      name,
      'it is a database dump, and code is wanted',
      'Give it as the database, and an archive as the code',
    )
  }
  const site = onlySite(given, outline)
  if (site.refusal !== null || site.framework === 'bedrock') {
    throw refuseArchive('framework', name, `it holds ${site.title}`, site.refusal ?? 'Sites of this kind cannot be imported yet')
  }
  const nested = given.sites.filter((other) => other !== site)
  const warnings: Warning[] = nested.map((other) => ({
    code: 'SITE_NESTED',
    element: 'code',
    message: `Another site (${other.title}) stands in "${other.docroot}" and stays a part of the code`,
    path: other.docroot,
  }))
  if (site.framework !== 'wordpress') return { ...drupal(name, outline, site), site, outline, warnings }
  warnings.push(...configAbove(outline, site))
  const framework = /^\s*define\(\s*['"]MULTISITE['"]\s*,\s*true\s*\)/im.test(configOf(outline, site))
    ? 'wordpress_network'
    : 'wordpress'
  return { site: { ...site, framework }, outline, warnings, siteDirectory: null, filesDirectory: uploadsOf(outline, site) }
}

/** WordPress finds it there; of a managed site nothing stands above the code. */
function configAbove(outline: Outline, { codeRoot, docroot, coreDirectory }: FoundSite): Warning[] {
  const path = joinPath(...codeRoot.split('/').slice(0, -1), 'wp-config.php')
  const own = [codeRoot, docroot, coreDirectory].some((directory) => outline.has(joinPath(directory, 'wp-config.php')))
  if (own || codeRoot === '' || !outline.has(path)) return []
  const message = `"${path}" stands above the code and is left out; a new one is written. What else it sets belongs into a wp-config.php in "${codeRoot}"`
  return [{ code: 'CONFIG_ABOVE', element: 'code', message, path }]
}

function onlySite({ name, sites }: GivenArchive, outline: Outline): FoundSite {
  const [first] = sites
  if (first === undefined) throw noCodeRoot(name, outline)
  const apart = sites.filter((site) => !isBelow(site.docroot, first.docroot) && site.docroot !== first.docroot)
  if (apart.length > 0) {
    throw refuseArchive(
      'several-code-roots',
      name,
      `it holds several code roots: ${listed([first, ...apart].map(({ docroot }) => docroot))}`,
      'An archive holds the code of one site: pack the directory of that one alone',
    )
  }
  return first
}

function noCodeRoot(name: string, outline: Outline) {
  const composer = ['composer.json', 'composer.lock'].flatMap((file) => outline.text(joinPath(...outline.sharedTop, file)) ?? [])
  if (composer.some((text) => /"drupal\/core|"roots\/wordpress|"johnpbloch\/wordpress/.test(text))) {
    return refuseArchive(
      'core-missing',
      name,
      'it holds no valid code root: the core is not in it, as Composer builds it',
      'Run "composer install" in the directory, then pack it again',
    )
  }
  const half = outline.top.length > 0 ? `; at its top are ${listed(outline.top)}` : ''
  return refuseArchive(
    'no-code-root',
    name,
    `it holds no valid code root of WordPress, Drupal or Backdrop${half}`,
    'The code has the core of its system in it: wp-includes, wp-admin and wp-content of WordPress; index.php, core (or includes, misc, modules), sites and themes of Drupal',
  )
}

/** One directory with settings, and one with files; files of others would be lost. */
function drupal(name: string, outline: Outline, site: FoundSite): { filesDirectory: string; siteDirectory: string | null } {
  const sites = joinPath(site.docroot, 'sites')
  const directoryOf = (path: string): string => relativeTo(path, sites).split('/')[0] ?? ''
  const isSite = (directory: string): boolean => !['all', 'simpletest', 'example.sites'].includes(directory)
  const own = (paths: string[]): string[] => [
    ...new Set(
      paths
        .filter((path) => isBelow(path, sites))
        .map(directoryOf)
        .filter(isSite),
    ),
  ]
  const settings = own(outline.found.settings)
  // unless several share its code, settings and files of a Backdrop stand in its root
  if (site.framework === 'backdrop' && settings.length === 0)
    return { siteDirectory: null, filesDirectory: joinPath(site.docroot, 'files') }
  if (settings.length > 1) {
    throw refuseArchive(
      'several-sites',
      name,
      `it holds several site directories: ${listed(settings.map((directory) => joinPath('sites', directory)))}`,
      'One archive becomes one site. Of a Drupal with several, pack a copy with one directory in "sites" for each',
    )
  }
  const files = own(outline.found.uploads)
  if (files.length > 1) {
    throw refuseArchive(
      'several-files',
      name,
      `it holds several files directories: ${listed(files.map((directory) => joinPath('sites', directory, 'files')))}`,
      'Keep the files of one site; private files lie in a directory "private" of them',
    )
  }
  const siteDirectory = settings[0] ?? files[0] ?? 'default'
  return { siteDirectory, filesDirectory: joinPath(sites, siteDirectory, 'files') }
}

/** As far as the configuration says it in plain words; what it says otherwise, the site itself tells later. */
function uploadsOf(outline: Outline, site: FoundSite): string {
  const config = configOf(outline, site)
  const uploads = /^\s*define\(\s*['"]UPLOADS['"]\s*,\s*['"]([\w./-]+)['"]\s*\)/m.exec(config)?.[1]
  if (uploads !== undefined && !uploads.split('/').includes('..'))
    return joinPath(site.coreDirectory, uploads.replace(/^\/|\/$/g, ''))
  const content =
    /^\s*define\(\s*['"]WP_CONTENT_DIR['"]\s*,\s*(?:__DIR__|dirname\(\s*__FILE__\s*\))\s*\.\s*['"]\/([\w./-]+)['"]\s*\)/m.exec(
      config,
    )?.[1]
  if (content !== undefined && !content.split('/').includes('..'))
    return joinPath(site.docroot, content.replace(/\/$/, ''), 'uploads')
  return usualUploads(outline, site)
}

/** WordPress in a folder of its own has them there, unless its content was moved beside it. */
function usualUploads(outline: Outline, { coreDirectory, docroot }: FoundSite): string {
  const [own, beside] = [coreDirectory, docroot].map((directory) => joinPath(directory, 'wp-content')) as [string, string]
  const isBeside = !outline.has(`${own}/uploads`) && outline.has(beside)
  return joinPath(isBeside ? beside : own, 'uploads')
}

function configOf(outline: Outline, site: FoundSite): string {
  return outline.text(joinPath(site.docroot, 'wp-config.php')) ?? outline.text(joinPath(site.codeRoot, 'wp-config.php')) ?? ''
}
