import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Action, actionNames, actions, type Role, roleMeanings, roles, type Rule } from './actions.ts'
import { decide, may, reasonOf, type Rights, sitesWhere } from './rights.ts'

const over = (role: Role | null): Rights => ({ everywhere: role, sites: [], scope: null })
const onShop = (role: 'viewer' | 'operator' | 'developer' | 'admin'): Rights => ({
  everywhere: null,
  sites: [{ site: 'shop', role }],
  scope: null,
})
const at = (site: string | null, environment: string | null = null) => ({ site, environment })

test('a viewer sees, an operator takes and downloads backups, a developer changes dev and test, an admin live, an owner all', () => {
  const can = (role: Role, action: Action, environment: string): boolean => may(over(role), action, at('shop', environment))
  const table: [Action, string, Role][] = [
    ['site.read', 'live', 'viewer'],
    ['backup.list', 'live', 'viewer'],
    ['backup.create', 'live', 'operator'],
    ['link.create', 'live', 'operator'],
    ['environment.restore', 'dev', 'developer'],
    ['environment.wipe', 'test', 'developer'],
    ['environment.clone', 'branch', 'developer'],
    ['environment.restore', 'live', 'admin'],
    ['environment.deploy', 'live', 'admin'],
    ['backup.delete', 'dev', 'admin'],
    ['site.delete', 'dev', 'admin'],
    ['repository.export_key', 'dev', 'owner'],
  ]
  for (const [action, environment, least] of table) {
    const first = roles.indexOf(least)
    roles.forEach((role, rank) => expect(can(role, action, environment), `${role} ${action} ${environment}`).toBe(rank >= first))
  }
})

test('a role on one site counts there alone, beside the one over all; the higher one decides', () => {
  expect(may(onShop('admin'), 'environment.restore', at('shop', 'live'))).toBe(true)
  for (const action of actionNames.filter((name) => ['site', 'installation'].includes(actions[name].on))) {
    expect(may(onShop('admin'), action, at('other', 'dev')), action).toBe(false)
    expect(may(onShop('admin'), action, at(null)), action).toBe(false)
  }
  const both: Rights = { everywhere: 'operator', sites: [{ site: 'shop', role: 'viewer' }], scope: null }
  expect(may(both, 'backup.create', at('shop', 'dev'))).toBe(true)
})

test('nobody may anything but what is open, and without a role but what is one’s own', () => {
  for (const action of actionNames) {
    const { on } = actions[action]
    expect(may(null, action, at('shop', 'dev')), action).toBe(on === 'open')
    expect(may(over(null), action, at('shop', 'dev')), action).toBe(on === 'open' || on === 'self')
  }
})

test('a limited token may what its person may within its limits, and nothing about the account', () => {
  const limited = (sites: string[] | null, names: Action[] | null): Rights => ({
    ...over('owner'),
    scope: { sites, actions: names },
  })
  const backups = limited(['shop'], ['backup.create', 'link.create'])
  expect(may(backups, 'backup.create', at('shop', 'live'))).toBe(true)
  expect(may(backups, 'backup.create', at('other', 'live'))).toBe(false)
  expect(may(backups, 'backup.delete', at('shop', 'live'))).toBe(false)
  expect(may(limited(['shop'], null), 'repository.stats', at(null))).toBe(false)
  expect(may(limited(null, ['repository.stats']), 'repository.stats', at(null))).toBe(true)
  for (const action of actionNames.filter((name) => actions[name].on === 'self')) {
    expect(may(limited(null, [action]), action, at(null)), action).toBe(['access.whoami', 'role.list'].includes(action))
  }
  const small: Rights = { ...onShop('viewer'), scope: { sites: ['shop'], actions: null } }
  expect(may(small, 'backup.create', at('shop'))).toBe(false)
  expect(may({ ...small, scope: { sites: ['other'], actions: null } }, 'site.list', at(null))).toBe(false)
})

test('lists know which sites: all of them, some, or none', () => {
  expect(sitesWhere(over('viewer'), 'site.read')).toBeNull()
  expect(sitesWhere(over(null), 'site.read')).toEqual([])
  expect(sitesWhere(onShop('operator'), 'site.read')).toEqual(['shop'])
  expect(sitesWhere(onShop('operator'), 'audit.list')).toEqual([])
  expect(sitesWhere({ ...over('owner'), scope: { sites: ['shop'], actions: null } }, 'site.read')).toEqual(['shop'])
  expect(sitesWhere({ ...over('owner'), scope: { sites: null, actions: ['backup.create'] } }, 'site.read')).toEqual([])
})

test('a refusal says which role would do, and which there is', () => {
  const why = (rights: Rights | null, action: Action, place: ReturnType<typeof at>) => reasonOf(decide(rights, action, place))
  expect(why(onShop('developer'), 'environment.restore', at('shop', 'live'))).toBe(
    'This needs the role admin on shop.live, yours is developer',
  )
  expect(why(over(null), 'person.list', at(null))).toBe('This needs the role admin over all, there is none')
  expect(why(null, 'site.list', at(null))).toBe('This needs somebody who is logged in')
  expect(why(over('owner'), 'site.list', at(null))).toBeNull()
})

/** `CAIRN_UPDATE=1 npm test` writes the table anew. */
test('docs/people.md shows the table of rights', () => {
  const page = join(import.meta.dirname, '../../docs/people.md')
  const text = readFileSync(page, 'utf8')
  const [begin, end] = ['<!-- roles begin: written by a test -->\n', '<!-- roles end -->']
  const wanted = `${text.slice(0, text.indexOf(begin) + begin.length)}${rolesText()}${text.slice(text.indexOf(end))}`
  if (process.env['CAIRN_UPDATE'] === '1') writeFileSync(page, wanted)
  expect(readFileSync(page, 'utf8')).toBe(wanted)
})

function rolesText(): string {
  const rows = actionNames.flatMap((action) => {
    const rule: Rule = actions[action]
    if (!('role' in rule)) return []
    const cells = roles.map((role) => cell(rule, role))
    return [`| ${rule.means} | \`${action}\` | ${cells.join(' | ')} |`]
  })
  const own = actionNames.filter((action) => actions[action].on === 'self').map((action) => `\`${action}\``)
  const open = actionNames.filter((action) => actions[action].on === 'open').map((action) => `\`${action}\``)
  return `${roles.map((role) => `- **${role}** ${roleMeanings[role]}`).join('\n')}

| what | action | ${roles.join(' | ')} |
|---|---|${roles.map(() => ':-:').join('|')}|
${rows.join('\n')}

✓ with a role on the site or over all; *not live*: on every environment but \`live\`; *all*: only with the role over all; *some*: with the
role on any site, of which it shows that site.

Everybody who is logged in: ${own.join(', ')}. Without logging in: ${open.join(', ')}.
`
}

function cell(rule: Extract<Rule, { role: Role }>, role: Role): string {
  const has = (needed: Role): boolean => roles.indexOf(role) >= roles.indexOf(needed)
  if (!has(rule.role)) return ''
  if (rule.on === 'installation') return 'all'
  if (rule.on === 'somewhere') return 'some'
  return has(rule.live ?? rule.role) ? '✓' : 'not live'
}
