import { Group, Select, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'

const route = getRouteApi('/shell/administration/audit')
/** Two beside each other on a phone */
const grow = { base: '1 1 40%', sm: '0 1 200px' }
const results = ['done', 'failed'] as const

/** Who, what, of which site, and how it ended; all of it stands in the address. */
export function AuditFilters() {
  const { actor = '', action = '', site = '', result } = route.useSearch()
  const navigate = route.useNavigate()
  const [typed, setTyped] = useState({ actor, action, site })
  const find = useDebouncedCallback((next: typeof typed) => {
    const { actor: who, action: what, site: where } = next
    const change = { actor: who || undefined, action: what || undefined, site: where || undefined, page: undefined }
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  }, 300)
  const change = (part: Partial<typeof typed>): void => {
    const next = { ...typed, ...part }
    setTyped(next)
    find(next)
  }
  const choose = (value: string | null): void =>
    void navigate({
      search: (before) => ({ ...before, result: results.find((one) => one === value), page: undefined }),
    })
  return (
    <Group gap="sm">
      <TextInput label="Who" flex={grow} value={typed.actor} onChange={(event) => change({ actor: event.currentTarget.value })} />
      <TextInput
        label="What"
        flex={grow}
        placeholder="backup."
        value={typed.action}
        onChange={(event) => change({ action: event.currentTarget.value })}
      />
      <TextInput label="Site" flex={grow} value={typed.site} onChange={(event) => change({ site: event.currentTarget.value })} />
      <Select
        label="Result"
        flex={grow}
        placeholder="All"
        clearable
        data={[
          { value: 'done', label: 'Done' },
          { value: 'failed', label: 'Refused or failed' },
        ]}
        value={result ?? null}
        onChange={choose}
        clearButtonProps={{ 'aria-label': 'All results' }}
      />
    </Group>
  )
}
