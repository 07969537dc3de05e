import type { Action } from '../../contract/actions.ts'

/** The parts of the administration, and what is needed to see each; who administers a site sees its audit log. */
export const administrationParts = [
  { to: '/administration', label: 'Repository', action: 'repository.stats' },
  { to: '/administration/people', label: 'People and roles', action: 'person.list' },
  { to: '/administration/audit', label: 'Audit', action: 'audit.list' },
  { to: '/administration/settings', label: 'Settings', action: 'settings.edit' },
] as const satisfies { to: string; label: string; action: Action }[]
