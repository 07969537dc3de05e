/**
 * What can be done, and who may. Every route and command names one action; what no role lists is refused. Grants are made
 * on an installation (`all`) or on one site; a subject is what an action is done to.
 */
export const actions = {
  'server.health': { changes: false, means: 'See that the server runs' },
  'server.describe': { changes: false, means: 'Read the description of the interface' },
  'access.whoami': { changes: false, means: 'See as whom one is signed in' },
  'site.list': { changes: false, means: 'List the sites' },
  'site.read': { changes: false, means: 'See a site and its environments' },
  'site.detect': { changes: false, means: 'Look what a directory of the server holds' },
  'site.attach': { changes: true, means: 'Attach an environment' },
  'site.create': { changes: true, means: 'Create a managed site' },
  'site.delete': { changes: true, means: 'Delete a managed site' },
  'environment.create': { changes: true, means: 'Add an environment to a managed site' },
  'environment.delete': { changes: true, means: 'Delete an environment of a managed site' },
  'environment.import': { changes: true, means: 'Import code, files or a database into an environment' },
  'environment.revert_code': { changes: true, means: 'Revert or reset the code of an environment to a commit' },
  'environment.clone': { changes: true, means: 'Clone files and database into an environment' },
  'environment.deploy': { changes: true, means: 'Deploy code into an environment' },
  'environment.wipe': { changes: true, means: 'Delete the content of an environment' },
  'environment.search_replace': { changes: true, means: 'Replace addresses in the database of an environment' },
  'environment.edit': { changes: true, means: 'Change the address of an environment' },
  'environment.restore': { changes: true, means: 'Restore a backup into an environment' },
  'environment.preview': { changes: false, means: 'See what a restore would change' },
  'environment.undo': { changes: true, means: 'Undo a restore, or do it again' },
  'code.fetch': { changes: false, means: 'Clone or fetch the code of a managed site with git' },
  'code.push': { changes: true, means: 'Push code to a managed site with git' },
  'backup.create': { changes: true, means: 'Take a backup' },
  'backup.list': { changes: false, means: 'List backups' },
  'backup.read': { changes: false, means: 'See one backup' },
  'backup.edit': { changes: true, means: 'Lock, unlock, annotate a backup, or change its expiry' },
  'backup.delete': { changes: true, means: 'Delete a backup' },
  'backup.recall': { changes: true, means: 'Recall a deleted or expired backup' },
  'link.create': { changes: true, means: 'Make a link to an archive' },
  'link.revoke': { changes: true, means: 'Revoke a link' },
  'link.download': { changes: false, means: 'Download an archive; the link itself is the right' },
  'upload.create': { changes: true, means: 'Upload a file' },
  'upload.continue': { changes: false, means: 'Go on with an upload, or see how far it is' },
  'upload.delete': { changes: true, means: 'Delete an upload' },
  'workflow.list': { changes: false, means: 'List workflows' },
  'workflow.read': { changes: false, means: 'See one workflow' },
  'workflow.cancel': { changes: true, means: 'Cancel a workflow' },
  'repository.check': { changes: false, means: 'Check the repository' },
  'repository.stats': { changes: false, means: 'See what the repository holds' },
  'repository.export_key': { changes: true, means: 'Export the key of the repository' },
} as const satisfies Record<string, { changes: boolean; means: string }>

export type Action = keyof typeof actions
export const actionNames = Object.keys(actions) as Action[]

/** Actions that need no machine token: the health answer, the description, and links, which carry their own secret. */
export const openActions: readonly Action[] = ['server.health', 'server.describe', 'link.download']

export const roles = ['owner'] as const
export type Role = (typeof roles)[number]

/** The table of rights. A role not listed here, or an action not listed in it, is refused. */
export const roleActions: Record<Role, readonly Action[]> = {
  owner: actionNames,
}
