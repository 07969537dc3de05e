import { relative } from 'node:path'
import { Failure, isErrno } from '../../base/failure.ts'
import { resolveTrusted } from '../../hosts/local/resolveTrusted.ts'
import type { Environment } from '../environment.ts'
import { checkDatabase, type DatabaseMode } from './checkDatabase.ts'
import { checkPhp } from './checkPhp.ts'
import { checkTree, type FilesMode } from './checkTree.ts'
import { bad, type Check, doubtful } from './types.ts'

export interface Preflight {
  /** How a restore will be done, in words for people */
  mode: string
  codeMode: FilesMode
  filesMode: FilesMode
  databaseMode: DatabaseMode
  checks: Check[]
}

type Checked = Pick<Environment, 'codeRoot' | 'filesDirectory' | 'furtherFiles' | 'database' | 'adminDatabase' | 'phpReload'>

/**
 * Says what will be possible with an environment, by trying it out: everything that a probe makes is removed again. Reads no
 * file's content. What cannot be done comes out as a check, not as a failure.
 */
export async function preflight(environment: Checked): Promise<Preflight> {
  const { database, adminDatabase, phpReload } = environment
  const code = find(environment.codeRoot)
  const files = find(environment.filesDirectory)
  const further = environment.furtherFiles
    .map(({ directory }) => find(directory))
    .filter(
      ({ path, refusal }) =>
        refusal !== null || (path !== null && !(files.path !== null && `${path}/`.startsWith(`${files.path}/`))),
    )
  const inCode = new Set(
    [files, ...further].flatMap(({ path }) => (code.path === null || path === null ? [] : [relative(code.path, path)])),
  )
  const codeReport = await treeReport('code', code, environment.codeRoot, (path) => inCode.has(path))
  const filesReport = await treeReport('files', files, environment.filesDirectory, () => false)
  for (const place of further) {
    const report = await treeReport('files', place, '', () => false)
    filesReport.checks.push(...report.checks)
    filesReport.mode = weaker(filesReport.mode, report.mode)
  }
  const databaseReport = await checkDatabase(database, adminDatabase)
  const modes = { codeMode: codeReport.mode, filesMode: filesReport.mode, databaseMode: databaseReport.mode }
  const checks = [...codeReport.checks, ...filesReport.checks, ...databaseReport.checks, ...checkPhp(phpReload)]
  return { mode: sayMode(modes, phpReload), ...modes, checks }
}

async function treeReport(
  label: 'code' | 'files',
  { path, refusal }: Found,
  given: string,
  skip: (relPath: string) => boolean,
): Promise<{ mode: FilesMode; checks: Check[] }> {
  if (path !== null) return checkTree(label, path, skip)
  if (refusal !== null) return { mode: 'refused', checks: [bad(`${label}.read`, refusal)] }
  if (label === 'code') return { mode: 'refused', checks: [bad('code.read', `"${given}" does not exist`)] }
  return { mode: 'owner', checks: [doubtful('files.read', `"${given}" does not exist yet: the files element is empty`)] }
}

/** What can be done with two trees is what can be done with both. */
function weaker(one: FilesMode, other: FilesMode): FilesMode {
  const order: FilesMode[] = ['refused', 'group', 'owner', 'root']
  return order.find((mode) => mode === one || mode === other) ?? 'refused'
}

function sayMode(modes: Pick<Preflight, 'codeMode' | 'filesMode' | 'databaseMode'>, phpReload: string[] | null): string {
  const refused = [
    ...(modes.codeMode === 'refused' ? ['code'] : []),
    ...(modes.filesMode === 'refused' ? ['files'] : []),
    ...(modes.databaseMode === 'refused' ? ['database'] : []),
  ]
  const sentences: string[] = []
  if (refused.length > 0) sentences.push(`A restore of ${refused.join(' and ')} is refused; the checks say why`)
  const trees = [modes.codeMode, modes.filesMode].filter((mode) => mode !== 'refused')
  if (trees.length > 0) {
    const kept = trees.includes('group')
      ? 'what belongs to others will belong to us, writable for the group'
      : 'owners, modes and times are kept'
    sentences.push(`Files are staged inside the tree and moved in under maintenance, entry by entry, with an undo set; ${kept}`)
  }
  if (modes.databaseMode === 'schema')
    sentences.push('The database is loaded into a second schema and exchanged by one RENAME TABLE behind a locked account')
  if (modes.databaseMode === 'tables')
    sentences.push('The database is loaded beside the old tables, in the same schema, and exchanged by one RENAME TABLE')
  if (trees.length > 0) sentences.push(phpReload === null ? 'PHP is not reloaded' : `PHP is reloaded by "${phpReload.join(' ')}"`)
  return `${sentences.join('. ')}.`
}

interface Found {
  /** Null where nothing stands, or a link on the way is not to be trusted */
  path: string | null
  refusal: string | null
}

function find(path: string): Found {
  try {
    return { path: resolveTrusted(path), refusal: null }
  } catch (error) {
    if (error instanceof Failure) return { path: null, refusal: error.message }
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return { path: null, refusal: null }
    throw error
  }
}
