import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { Failure } from '../../base/failure.ts'
import type { Framework } from '../../contract/words.ts'
import { detectSite, type Detection } from '../../sites/detect/detectSite.ts'
import type { CodeFacts } from './configure/configure.ts'

/** What is known of a site from elsewhere: its backup, its database, a person. */
export interface KnownOfSite {
  /** Of several Drupal sites on one code the one that is meant, as `sites/example.com` */
  siteDirectory?: string | null
  /** Where its database has the uploads, relative to the core; where the code says so itself, that counts */
  filesAt?: string | null
  /** Of the database's tables */
  tablePrefix?: string | null
}

export interface ReadCode extends CodeFacts {
  version: string | null
  /** Absolute paths of the code's own configuration */
  configFiles: string[]
  /** Where the files are looked for, relative to the docroot */
  filesPath: string
  /** What the database said of that, for the next release */
  filesAt: string | null
}

/**
 * What the exported code of a release turns out to be, and where its files have to be linked in. Null where it holds no site of
 * this framework, as in an environment that was created empty.
 *
 * @throws {Failure} CMS_AMBIGUOUS; PREFLIGHT_REFUSED where the uploads would be the code itself
 */
export async function readCode(
  code: string,
  framework: Framework,
  filesTree: string,
  known: KnownOfSite,
): Promise<ReadCode | null> {
  const { siteDirectory = null } = known
  const found = await detectSite(code, { framework, ...(siteDirectory === null ? {} : { siteDirectory }) }).catch(
    (error: unknown) => {
      if (error instanceof Failure && error.code === 'CMS_NOT_FOUND' && siteDirectory === null) return null
      throw error
    },
  )
  if (found === null) return null
  const inCode = (path: string): string => relative(code, path)
  const contentDirectory = inCode(found.contentDirectory ?? defaultContent(found))
  const { filesAt = null } = known
  const at = uploadsAt(code, found, contentDirectory, filesAt)
  // networks from before WordPress 3.5 keep the files of their sites beside the uploads
  const hasBlogs = found.framework === 'wordpress_network' && existsSync(join(filesTree, 'blogs.dir'))
  return {
    framework: found.framework,
    version: found.version,
    docroot: inCode(found.docroot),
    coreDirectory: inCode(found.coreDirectory),
    contentDirectory,
    configFiles: found.configFiles,
    tablePrefix: known.tablePrefix ?? null,
    ownTablePrefix: found.tablePrefix,
    filesPath: relative(found.docroot, join(code, at)),
    filesAt,
    links: [{ at, to: '' }, ...(hasBlogs ? [{ at: join(contentDirectory, 'blogs.dir'), to: 'blogs.dir' }] : [])],
  }
}

function defaultContent({ framework, docroot, coreDirectory }: Detection): string {
  if (framework === 'wordpress' || framework === 'wordpress_network') return join(coreDirectory, 'wp-content')
  return framework === 'backdrop' ? docroot : join(docroot, 'sites/default')
}

/** Files that the configuration wants outside of the code go where the framework keeps them by default. */
function uploadsAt(code: string, found: Detection, contentDirectory: string, told: string | null): string {
  const isWordPress = found.framework === 'wordpress' || found.framework === 'wordpress_network'
  const wanted = told === null || found.filesFixed ? found.filesDirectory : join(found.coreDirectory, told)
  const own = wanted === null ? '..' : relative(code, wanted)
  const isInside = own !== '..' && !own.startsWith('../') && !own.startsWith('/')
  const at = isInside ? own : join(contentDirectory, isWordPress ? 'uploads' : 'files')
  const core = relative(code, found.coreDirectory)
  if (at !== '' && !`${core}/`.startsWith(`${at}/`) && !`${contentDirectory}/`.startsWith(`${at}/`)) return at
  throw new Failure('PREFLIGHT_REFUSED', `Cannot use this code: its uploads are "${at}", which holds the code too`, {
    hint: 'Give the uploads a directory of their own',
  })
}
