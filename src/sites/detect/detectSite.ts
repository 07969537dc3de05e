import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import { isAbsolute, normalize } from 'node:path'
import { Failure, isErrno, unreachable } from '../../base/failure.ts'
import type { Framework, TlsMode } from '../../contract/words.ts'
import { type DatabaseCredentials, guardCredentials } from '../credentials.ts'
import type { FoundCredentials, FurtherFiles, SiteFacts, SitePlace } from '../frameworks/facts.ts'
import { readDrupal } from '../frameworks/drupal/readDrupal.ts'
import { readWordPress } from '../frameworks/wordpress.ts'
import { type Candidate, findCandidates, findNested } from './candidates.ts'

/** What a person says because it cannot be found, or was found wrong. */
export interface DetectOverrides {
  framework?: Framework
  filesPath?: string
  /** Where private files are, beside the public ones */
  privatePath?: string
  /** Of several sites on one Drupal the one that is meant */
  siteDirectory?: string
  database?: {
    host?: string | null
    port?: number | null
    socket?: string | null
    user?: string
    password?: string
    name?: string
    tls?: TlsMode | null
  }
  url?: string
  tablePrefix?: string
  /** The whole environment that the site's PHP sees, e.g. of its FPM pool */
  environment?: Record<string, string>
}

/** What a site says of itself, completed by the person who attaches it. */
export interface Detection extends Omit<SiteFacts, 'contentDirectory' | 'credentials'> {
  version: string | null
  codeRoot: string
  docroot: string
  coreDirectory: string
  contentDirectory: string | null
  /** With the password, guarded; null when something of it is not known */
  database: DatabaseCredentials | null
}

/**
 * What a directory turns out to be, from its text alone: no PHP is run and no server asked.
 *
 * @throws {Failure} INPUT_INVALID for what is no directory or closed to Cairn, CMS_NOT_FOUND, CMS_AMBIGUOUS
 */
export function detectSite(directory: string, overrides: DetectOverrides = {}): Promise<Detection> {
  return Promise.resolve().then(() => detect(directory, overrides))
}

function detect(directory: string, overrides: DetectOverrides): Detection {
  const codeRoot = reachable(directory)
  requireAddress(overrides.url)
  const candidate = choose(codeRoot, overrides.framework)
  const { sign, version, docroot, coreDirectory } = candidate
  const notes = findNested(docroot, coreDirectory).map(
    (path) =>
      `Another site stands in "${path}": its code is part of this code archive, its database and files are not in this backup`,
  )
  const { siteDirectory = null, environment = null, url = null, privatePath } = overrides
  const place: SitePlace = { codeRoot, docroot, coreDirectory, environment, url, siteDirectory }
  const facts = readFacts(sign.framework, place)
  return {
    framework: facts?.framework ?? 'wordpress',
    version,
    codeRoot,
    docroot,
    coreDirectory,
    contentDirectory: facts?.contentDirectory ?? null,
    filesDirectory: overrides.filesPath === undefined ? (facts?.filesDirectory ?? null) : absolute(overrides.filesPath),
    filesFixed: overrides.filesPath !== undefined || facts?.filesFixed === true,
    privateFixed: privatePath !== undefined || facts?.privateFixed === true,
    furtherFiles: withPrivate(facts?.furtherFiles ?? [], privatePath === undefined ? null : absolute(privatePath)),
    configFiles: facts?.configFiles ?? [],
    configAbove: facts?.configAbove ?? null,
    url: url ?? facts?.url ?? null,
    tablePrefix: overrides.tablePrefix ?? facts?.tablePrefix ?? null,
    database: withDatabase(facts?.credentials ?? null, overrides.database),
    refusal: sign.refusal ?? facts?.refusal ?? null,
    notes: [...notes, ...(facts?.notes ?? [])],
  }
}

/** Null for what is recognised and cannot be attached. */
function readFacts(framework: Candidate['sign']['framework'], place: SitePlace): SiteFacts | null {
  switch (framework) {
    case 'wordpress':
    case 'wordpress_network':
      return readWordPress(place)
    case 'drupal7':
    case 'drupal8':
    case 'backdrop':
      return readDrupal(framework, place)
    case 'bedrock':
      return null
    default:
      return unreachable(framework)
  }
}

function withPrivate(found: FurtherFiles[], given: string | null): FurtherFiles[] {
  if (given === null) return found
  return [{ at: 'private', directory: given }, ...found.filter(({ at }) => at !== 'private')]
}

function withDatabase(
  found: FoundCredentials | null,
  given: NonNullable<DetectOverrides['database']> = {},
): DatabaseCredentials | null {
  const isPlaced = given.host !== undefined || given.port !== undefined || given.socket !== undefined
  const isFullyGiven = given.user !== undefined && given.password !== undefined && given.name !== undefined
  const nowhere = { host: null, port: null, socket: null } // of an account that was given: the server's usual place
  const place = isPlaced ? { ...nowhere, ...given } : (found?.place ?? (isFullyGiven ? nowhere : null))
  const user = given.user ?? found?.user ?? null
  const password = given.password ?? found?.password ?? null
  const database = given.name ?? found?.database ?? null
  if (place === null || user === null || password === null || database === null) return null
  const charset = found?.charset ?? null
  const tls = given.tls === undefined ? (found?.tls ?? null) : given.tls
  const { host, port, socket } = place
  const more = { ...(charset === null ? {} : { charset }), ...(tls === null ? {} : { tls }) }
  return guardCredentials({ host, port, socket, user, password, database, ...more })
}

const directoryHint = 'Give the directory that holds the site, as it is called on the machine of the Cairn server'

function reachable(directory: string): string {
  const path = absolute(directory)
  try {
    const isDirectory = statSync(realpathSync(path)).isDirectory()
    if (isDirectory) accessSync(path, constants.R_OK | constants.X_OK)
    if (isDirectory) return path
  } catch (cause) {
    if (!isErrno(cause, 'ENOENT', 'EACCES', 'ENOTDIR', 'ELOOP')) throw cause
    const why =
      cause.code === 'EACCES' ? 'Cairn may not read it' : cause.code === 'ELOOP' ? 'its links go round' : 'it does not exist'
    throw new Failure('INPUT_INVALID', `Cannot read "${path}": ${why}`, {
      hint: cause.code === 'EACCES' ? 'Run the Cairn server as root or as the owner of the site' : directoryHint,
    })
  }
  throw new Failure('INPUT_INVALID', `Cannot read "${path}": it is not a directory`, {
    hint: directoryHint,
  })
}

function requireAddress(url: string | undefined): void {
  if (url === undefined || (/^https?:\/\/[^/\s]/i.test(url) && URL.canParse(url))) return
  throw new Failure(
    'INPUT_INVALID',
    `Cannot use "${url}" as the address of the site: it does not begin with http:// or https://, or is none`,
    {
      hint: 'Give the address of its front page, such as https://www.example.org',
    },
  )
}

function absolute(path: string): string {
  if (!isAbsolute(path)) throw new Failure('INPUT_INVALID', `Cannot use the path "${path}": it does not begin with a slash`)
  if (path.includes('\0')) throw new Failure('INPUT_INVALID', 'Cannot use the path: it holds a zero byte')
  const plain = normalize(path).replace(/\/+$/, '')
  return plain === '' ? '/' : plain
}

function choose(codeRoot: string, framework: Framework | undefined): Candidate {
  const all = findCandidates(codeRoot)
  const fitting = all.filter(
    ({ sign }) => framework === undefined || sign.framework === framework || isNetworkOf(sign.framework, framework),
  )
  const [first, ...others] = fitting
  if (first !== undefined && others.length === 0) return first
  if (first === undefined) {
    const found = all.length === 0 ? 'neither it nor the usual folders in it hold WordPress or Drupal' : `it holds ${shown(all)}`
    throw new Failure('CMS_NOT_FOUND', `Cannot find a site in "${codeRoot}": ${found}`, {
      hint: 'Give the directory that the web server serves, or the one above it that holds composer.json',
    })
  }
  throw new Failure('CMS_AMBIGUOUS', `Cannot choose a site in "${codeRoot}": it holds ${shown(fitting)}`, {
    hint: `Give the path of the one that is meant, for example ${first.docroot}`,
  })
}

function shown(candidates: Candidate[]): string {
  return candidates.map(({ sign, coreDirectory }) => `${sign.title} in "${coreDirectory}"`).join(' and ')
}

function isNetworkOf(found: string, asked: Framework): boolean {
  return found === 'wordpress' && asked === 'wordpress_network'
}
