import type { BackupElementView, BackupView } from '../contract/schemas.ts'
import { type Element, elements } from '../contract/words.ts'
import { type Backup, keptOf } from './catalogue.ts'
import { archiveName } from './names.ts'
import { visibility } from './retain.ts'

/** A backup as people and programs see it. */
export function viewBackup(row: Backup, now: Date = new Date()): BackupView {
  const seen = visibility(keptOf(row), now)
  return {
    id: row.id,
    site: row.site,
    environment: row.environment,
    trigger: row.trigger,
    actor: row.actor,
    state: row.state,
    momentAt: row.moment_at.toISOString(),
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    locked: row.locked,
    note: row.note,
    deletedAt: row.deleted_at?.toISOString() ?? null,
    recallUntil: seen.kind === 'hidden' ? seen.recallUntil.toISOString() : null,
    workflowId: row.workflow_id,
    warnings: row.warnings,
    elements: elements.flatMap((element) => viewElement(row, element) ?? []),
    facts: row.facts,
  }
}

export function viewElement(row: Backup, element: Element): BackupElementView | null {
  const stored = row.elements[element]
  if (stored === undefined) return null
  const proof = row.proof?.[element]
  return {
    element,
    fileName: archiveName({ site: row.site, environment: row.environment, momentAt: row.moment_at, element }),
    sizeBytes: stored.archiveLength,
    entryCount: stored.entryCount,
    rawBytes: stored.rawBytes,
    sha256: proof?.sha256 ?? null,
    provenAt: proof?.provenAt ?? null,
    holdsSecrets: holdsSecrets(row, element),
  }
}

/**
 * `facts.secretPaths` names the entries with credentials by element. Where a backup does not say, its code counts as holding
 * some: a warning too many does less harm than one too few.
 */
export function holdsSecrets(row: Pick<Backup, 'facts'>, element: Element): boolean {
  const named = row.facts['secretPaths']
  if (typeof named !== 'object' || named === null) return element === 'code'
  const paths: unknown = Reflect.get(named, element)
  return Array.isArray(paths) && paths.length > 0
}
