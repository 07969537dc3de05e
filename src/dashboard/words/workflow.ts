import type { WorkflowView } from '../../contract/workSchemas.ts'

const titles: Record<string, string> = {
  backup: 'Backup',
  restore: 'Restore',
  undo: 'Undo',
  expire: 'Removal of what is overdue',
  detach: 'Detaching',
  create_site: 'New site',
  add_environment: 'New environment',
  delete_environment: 'Deletion of an environment',
  delete_site: 'Deletion of a site',
  import: 'Import',
  revert_code: 'Revert of code',
  reset_code: 'Reset of code',
  clone: 'Clone',
  deploy: 'Deploy',
  wipe: 'Wipe',
  search_replace: 'Search and replace',
  follow_master: 'Code that was pushed',
  change_settings: 'Change of settings',
  look_at_archives: 'Look at archives',
}

/** A newer server may know kinds that this page does not. */
export const workflowTitle = (kind: string): string =>
  titles[kind] ?? kind.replaceAll('_', ' ').replace(/^./, (first) => first.toUpperCase())

export function placeOf({ site, environment }: Pick<WorkflowView, 'site' | 'environment'>): string {
  if (site === null) return 'this installation'
  return environment === null ? site : `${site}.${environment}`
}

export const isOpen = ({ state }: Pick<WorkflowView, 'state'>): boolean => state === 'queued' || state === 'running'

export const stateWords: Record<WorkflowView['state'], string> = {
  queued: 'Waiting',
  running: 'Running',
  succeeded: 'Succeeded',
  failed: 'Failed',
  cancelled: 'Cancelled',
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
export const stepTitle = (name: string): string => capital(name.replaceAll('_', ' '))

const importing = ['import', 'create_site', 'look_at_archives']
const deleting = ['delete_site', 'delete_environment', 'detach', 'expire']

/** Which part of the troubleshooting page helps: its headings, as addresses */
export function troubleshootingAnchor({ kind, failure }: Pick<WorkflowView, 'kind' | 'failure'>): string {
  const code = failure?.code ?? ''
  if (code === 'SERVER_UNREACHABLE' || code === 'SERVER_RUNNING') return 'nothing-answers'
  if (code.startsWith('REPOSITORY_') || code.startsWith('CHUNK_') || code === 'MANIFEST_DAMAGED')
    return 'the-repository-does-not-check-clean'
  if (kind === 'backup') return 'a-backup-failed'
  if (importing.includes(kind)) return 'an-import-failed'
  return deleting.includes(kind) ? 'something-is-not-deleted' : 'a-restore-was-refused'
}
