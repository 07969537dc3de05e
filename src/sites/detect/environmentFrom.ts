import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../base/failure.ts'
import type { NewEnvironment } from '../catalogue.ts'
import type { AdminCredentials } from '../credentials.ts'
import type { FurtherFiles } from '../frameworks/facts.ts'
import { rulesOf } from '../frameworks/rules.ts'
import { type EnvironmentName, type SiteName } from '../names.ts'
import type { Detection } from './detectSite.ts'

interface Chosen {
  site: SiteName
  name: EnvironmentName
  label?: string | null
  adminDatabase?: AdminCredentials | null
  phpReload?: string[] | null
}

/**
 * Makes of what was found an environment that can be attached.
 *
 * @throws {Failure} CMS_UNSUPPORTED with the reason; CREDENTIALS_UNKNOWN, with the flags that give what is missing
 */
export function environmentFrom(detection: Detection, chosen: Chosen): NewEnvironment {
  const { codeRoot, docroot, coreDirectory, contentDirectory, filesDirectory, tablePrefix, database, refusal, notes } = detection
  if (refusal !== null) throw new Failure('CMS_UNSUPPORTED', `Cannot attach "${codeRoot}": ${refusal}`)
  if (database === null) {
    const why = notes.length === 0 ? 'its configuration does not tell them' : notes.join('; ')
    throw new Failure('CREDENTIALS_UNKNOWN', `Cannot read the database credentials of "${codeRoot}": ${why}`, {
      hint: 'Give them with --db-host, --db-user, --db-password-file and --db-name, or the variables of the site with --php-env-file',
    })
  }
  if (tablePrefix === null) {
    throw new Failure('CREDENTIALS_UNKNOWN', `Cannot tell the prefix of the tables of "${codeRoot}": ${notes.join('; ')}`, {
      hint: 'Give it with --table-prefix',
    })
  }
  if (contentDirectory === null || filesDirectory === null) {
    throw new Failure(
      'CMS_UNSUPPORTED',
      `Cannot attach "${codeRoot}": where its uploads are is not known (${notes.join('; ')})`,
      {
        hint: 'Give the directory with --files',
      },
    )
  }
  if (rulesOf(detection.framework).hold === 'maintenance' && !isInside(contentDirectory, codeRoot)) {
    throw new Failure('CMS_UNSUPPORTED', `Cannot attach "${codeRoot}": its wp-content is "${contentDirectory}", outside of it`, {
      hint: 'Attach the directory that holds both',
    })
  }
  const around = [filesDirectory, ...detection.furtherFiles.map(({ directory }) => directory)].find((path) =>
    isInside(codeRoot, path),
  )
  if (around !== undefined) {
    throw new Failure('CMS_UNSUPPORTED', `Cannot attach "${codeRoot}": its files are "${around}", which holds the code too`, {
      hint: 'Give a directory of its own with --files or --private-files',
    })
  }
  const { framework, version, configFiles, configAbove, url } = detection
  return {
    framework,
    version,
    codeRoot,
    docroot,
    coreDirectory,
    contentDirectory,
    filesDirectory,
    furtherFiles: detection.furtherFiles.map((further) => withFreeName(further, filesDirectory)),
    url,
    database,
    tablePrefix,
    configFiles,
    configAbove,
    site: chosen.site,
    name: chosen.name,
    label: chosen.label ?? null,
    adminDatabase: chosen.adminDatabase ?? null,
    phpReload: chosen.phpReload ?? null,
  }
}

/** The name of a further directory in the files element, where nothing of the files directory stands under it already. */
function withFreeName({ at, directory }: FurtherFiles, filesDirectory: string): FurtherFiles {
  const taken = (name: string): boolean =>
    existsSync(join(filesDirectory, name)) && !isInside(directory, join(filesDirectory, name))
  for (let name = at, number = 2; ; name = `${at}-${number++}`) if (!taken(name)) return { at: name, directory }
}

function isInside(path: string, directory: string): boolean {
  return `${real(path)}/`.startsWith(`${real(directory)}/`)
}

function real(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
