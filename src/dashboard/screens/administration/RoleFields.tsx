import { Group, Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type Role, roleMeanings, roles, siteRoles } from '../../../contract/actions.ts'
import { overviewQuery } from '../../api/queries.ts'

export interface Chosen {
  /** Null for over all */
  site: string | null
  role: Role
}

const overAll = '*'

/** A role, over all or on one site. */
export function RoleFields({ chosen, onChange }: { chosen: Chosen; onChange: (chosen: Chosen) => void }) {
  const { data } = useQuery(overviewQuery)
  const offered: readonly Role[] = chosen.site === null ? roles : siteRoles
  return (
    <Group grow align="flex-start">
      <Select
        label="Where"
        searchable
        limit={100}
        allowDeselect={false}
        data={[
          { value: overAll, label: 'Over all sites' },
          ...(data?.sites.map(({ name }) => ({ value: name, label: name })) ?? []),
        ]}
        value={chosen.site ?? overAll}
        onChange={(value) => {
          const site = value === null || value === overAll ? null : value
          onChange({ site, role: site !== null && chosen.role === 'owner' ? 'admin' : chosen.role })
        }}
      />
      <Select
        label="Role"
        description={roleMeanings[chosen.role]}
        inputWrapperOrder={['label', 'input', 'description']}
        allowDeselect={false}
        data={[...offered]}
        value={chosen.role}
        onChange={(value) => onChange({ ...chosen, role: offered.find((one) => one === value) ?? 'viewer' })}
      />
    </Group>
  )
}
