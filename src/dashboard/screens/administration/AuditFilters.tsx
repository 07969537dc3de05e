import { Group, Select, TextInput } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { useTyped } from '../../parts/useTyped.ts'

const route = getRouteApi('/shell/administration/audit')
/** Two beside each other on a phone */
const grow = { base: '1 1 40%', sm: '0 1 200px' }
const results = ['done', 'failed'] as const

/** Who, what, of which site, and how it ended; all of it stands in the address. */
export function AuditFilters() {
  const { result } = route.useSearch()
  const navigate = route.useNavigate()
  const choose = (value: string | null): void =>
    void navigate({
      search: (before) => ({ ...before, result: results.find((one) => one === value), page: undefined }),
    })
  return (
    <Group gap="sm">
      <Typed label="Who" name="actor" />
      <Typed label="What" name="action" placeholder="backup." />
      <Typed label="Site" name="site" />
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

function Typed({ label, name, placeholder = '' }: { label: string; name: 'actor' | 'action' | 'site'; placeholder?: string }) {
  const { [name]: value = '' } = route.useSearch()
  const navigate = route.useNavigate()
  const [typed, type] = useTyped(
    value,
    (text) => void navigate({ search: (before) => ({ ...before, [name]: text, page: undefined }), replace: true }),
  )
  return (
    <TextInput
      label={label}
      flex={grow}
      placeholder={placeholder}
      value={typed}
      onChange={(event) => type(event.currentTarget.value)}
    />
  )
}
