import type { DatabaseView, Detection as DetectionView } from '../../contract/schemas.ts'
import type { DatabaseCredentials } from '../credentials.ts'
import type { Detection } from './detectSite.ts'

/** A detection as it may cross HTTP: of the password only whether there is one. */
export function viewDetection(detection: Detection): DetectionView {
  const { framework, version, codeRoot, docroot, contentDirectory, filesDirectory, furtherFiles, configFiles } = detection
  const { url, tablePrefix, refusal } = detection
  return {
    framework,
    version,
    codeRoot,
    docroot,
    contentDirectory,
    filesDirectory,
    furtherFiles,
    configFiles,
    url,
    tablePrefix,
    database: detection.database === null ? null : viewDatabase(detection.database),
    notes: refusal === null ? detection.notes : [refusal, ...detection.notes],
  }
}

export function viewDatabase({ host, port, socket, user, database, password, tls }: DatabaseCredentials): DatabaseView {
  return { host, port, socket, user, name: database, passwordPresent: password !== '', tls: tls ?? null }
}
