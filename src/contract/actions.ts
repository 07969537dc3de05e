/**
 * What can be done, and who may: the one table of rights. Every route and every command names one action; what no rule allows is
 * refused. `rights.ts` decides by it, in the API and in a browser; docs/people.md shows it.
 */
import type { WorkflowKind } from './words.ts'

/** Each role may do what those before it may. */
export const roles = ['viewer', 'operator', 'developer', 'admin', 'owner'] as const
export type Role = (typeof roles)[number]

export const roleMeanings: Record<Role, string> = {
  viewer: 'sees sites, backups and workflows',
  operator: 'takes backups and downloads them',
  developer: 'changes every environment but live',
  admin: 'changes live, deletes, makes sites; over all: also people and their roles',
  owner: 'everything, with the key of the repository; over all only',
}

/** The roles that can be had on one site. */
export const siteRoles = ['viewer', 'operator', 'developer', 'admin'] as const
export type SiteRole = (typeof siteRoles)[number]

/** A role that is needed: on the site in question or over all; over all; on any site or over all. */
interface ByRole {
  on: 'site' | 'installation' | 'somewhere'
  role: Role
  /** Where the environment is `live`, when that takes more */
  live?: Role
}

/** open: for everybody; self: for who is signed in, about what is one's own. */
type ByNobody = { on: 'open' } | { on: 'self' }

export type Rule = { changes: boolean; means: string } & (ByRole | ByNobody)

const open = { on: 'open' } as const
const self = { on: 'self' } as const
const site = (role: Role, live: Role = role) => ({ on: 'site', role, live }) as const
const installation = (role: Role) => ({ on: 'installation', role }) as const
const somewhere = (role: Role) => ({ on: 'somewhere', role }) as const

export const actions = {
  'server.health': { ...open, changes: false, means: 'See that the server runs' },
  'server.describe': { ...open, changes: false, means: 'Read the description of the interface' },
  'dashboard.load': { ...open, changes: false, means: 'Load the dashboard; what it shows is asked for with a session' },
  'link.download': { ...open, changes: false, means: 'Download an archive; the link itself is the right' },
  'session.read': { ...open, changes: false, means: 'See whether one is logged in' },
  'session.create': { ...open, changes: true, means: 'Log in' },
  'session.look_at_code': { ...open, changes: false, means: 'See what a one-time code is for' },
  'session.use_code': {
    ...open,
    changes: true,
    means: 'Use a one-time code: set up, accept an invitation, choose a password, log in',
  },

  'access.whoami': { ...self, changes: false, means: 'See as whom one is signed in, and with which rights' },
  'role.list': { ...self, changes: false, means: 'See the table of rights' },
  'session.list': { ...self, changes: false, means: 'List the own sessions' },
  'session.end': { ...self, changes: true, means: 'Log out, here or elsewhere' },
  'session.link': { ...self, changes: true, means: 'Make a one-time link that logs oneself in' },
  'account.edit': { ...self, changes: true, means: 'Change the own name, time zone or password' },
  'token.list': { ...self, changes: false, means: 'List machine tokens: the own ones, those of others as an admin' },
  'token.create': { ...self, changes: true, means: 'Make a machine token' },
  'token.revoke': { ...self, changes: true, means: 'Revoke a machine token: an own one, that of somebody else as an admin' },

  'person.list': { ...installation('admin'), changes: false, means: 'List people and their roles' },
  'person.create': { ...installation('admin'), changes: true, means: 'Invite a person' },
  'person.edit': {
    ...installation('admin'),
    changes: true,
    means: 'Change the name or address of a person, or end all sessions',
  },
  'person.delete': { ...installation('admin'), changes: true, means: 'Delete a person' },
  'person.link': { ...installation('admin'), changes: true, means: 'Make a one-time link: an invitation, or a new password' },
  'role.grant': { ...installation('admin'), changes: true, means: 'Give or take away a role' },
  'audit.list': { ...somewhere('admin'), changes: false, means: 'Read the audit log; of the sites that one administers' },

  'settings.read': { ...somewhere('viewer'), changes: false, means: 'See what is set for everybody on this installation' },
  'settings.edit': { ...installation('admin'), changes: true, means: 'Change what is set for everybody on this installation' },
  'event.follow': {
    ...somewhere('viewer'),
    changes: false,
    means: 'Be told of changes as they happen; of the sites that one sees',
  },
  'site.list': { ...somewhere('viewer'), changes: false, means: 'List the sites that one sees' },
  'site.read': { ...site('viewer'), changes: false, means: 'See a site and its environments' },
  'site.detect': { ...installation('admin'), changes: false, means: 'Look what a directory of the server holds' },
  'site.attach': { ...installation('admin'), changes: true, means: 'Attach an environment' },
  'site.detach': { ...site('admin'), changes: true, means: 'Forget an attached environment; its backups stay' },
  'site.create': { ...installation('admin'), changes: true, means: 'Create a managed site' },
  'site.delete': { ...site('admin'), changes: true, means: 'Delete a managed site' },
  'environment.create': { ...site('developer', 'admin'), changes: true, means: 'Add an environment to a managed site' },
  'environment.delete': { ...site('admin'), changes: true, means: 'Delete an environment of a managed site' },
  'environment.import': {
    ...site('developer', 'admin'),
    changes: true,
    means: 'Import code, files or a database into an environment',
  },
  'environment.revert_code': {
    ...site('developer', 'admin'),
    changes: true,
    means: 'Revert or reset the code of an environment to a commit',
  },
  'environment.clone': { ...site('developer', 'admin'), changes: true, means: 'Clone files and database into an environment' },
  'environment.deploy': { ...site('developer', 'admin'), changes: true, means: 'Deploy code into an environment' },
  'environment.wipe': { ...site('developer', 'admin'), changes: true, means: 'Delete the content of an environment' },
  'environment.search_replace': {
    ...site('developer', 'admin'),
    changes: true,
    means: 'Replace addresses in the database of an environment',
  },
  'environment.edit': { ...site('developer', 'admin'), changes: true, means: 'Change the address of an environment' },
  'environment.restore': { ...site('developer', 'admin'), changes: true, means: 'Restore a backup into an environment' },
  'environment.preview': { ...site('developer', 'admin'), changes: false, means: 'See what a restore would change' },
  'environment.undo': { ...site('developer', 'admin'), changes: true, means: 'Undo a restore, or do it again' },
  'code.fetch': { ...site('operator'), changes: false, means: 'Clone or fetch the code of a managed site with git' },
  'code.push': { ...site('developer'), changes: true, means: 'Push code to a managed site with git' },
  'backup.create': { ...site('operator'), changes: true, means: 'Take a backup' },
  'backup.list': { ...site('viewer'), changes: false, means: 'List backups' },
  'backup.read': { ...site('viewer'), changes: false, means: 'See one backup' },
  'backup.use': { ...site('operator'), changes: false, means: 'Bring content of a backup or an environment elsewhere' },
  'backup.edit': { ...site('operator'), changes: true, means: 'Lock or annotate a backup, or keep it longer' },
  'backup.delete': { ...site('admin'), changes: true, means: 'Delete a backup, unlock it, or keep it shorter' },
  'backup.recall': { ...site('admin'), changes: true, means: 'Recall a deleted or expired backup' },
  'link.create': { ...site('operator'), changes: true, means: 'Make a link to an archive' },
  'link.revoke': { ...site('operator'), changes: true, means: 'Revoke a link' },
  'upload.create': { ...somewhere('developer'), changes: true, means: 'Upload a file' },
  'upload.continue': { ...somewhere('developer'), changes: false, means: 'Go on with an own upload, or see how far it is' },
  'upload.delete': { ...somewhere('developer'), changes: true, means: 'Delete an own upload' },
  'workflow.list': { ...somewhere('viewer'), changes: false, means: 'List the workflows of the sites that one sees' },
  'workflow.read': { ...site('viewer'), changes: false, means: 'See one workflow' },
  'workflow.cancel': { ...site('operator'), changes: true, means: 'Cancel a workflow that one might have started' },
  'repository.check': { ...installation('admin'), changes: false, means: 'Check the repository' },
  'repository.stats': { ...installation('viewer'), changes: false, means: 'See what the repository holds' },
  'repository.export_key': { ...installation('owner'), changes: true, means: 'Export the key of the repository' },
} as const satisfies Record<string, Rule>

export type Action = keyof typeof actions
export const actionNames = Object.keys(actions) as Action[]

/** Actions that need nobody to be signed in. */
export const openActions: readonly Action[] = actionNames.filter((name) => actions[name].on === 'open')

/** The right to cancel a workflow is the right to start it. */
export const startedBy: Record<WorkflowKind, Action> = {
  backup: 'backup.create',
  restore: 'environment.restore',
  undo: 'environment.undo',
  expire: 'backup.delete',
  detach: 'site.detach',
  create_site: 'site.create',
  add_environment: 'environment.create',
  delete_environment: 'environment.delete',
  delete_site: 'site.delete',
  import: 'environment.import',
  revert_code: 'environment.revert_code',
  reset_code: 'environment.revert_code',
  clone: 'environment.clone',
  deploy: 'environment.deploy',
  wipe: 'environment.wipe',
  search_replace: 'environment.search_replace',
  follow_master: 'code.push',
  change_settings: 'environment.edit',
  look_at_archives: 'site.create',
}
