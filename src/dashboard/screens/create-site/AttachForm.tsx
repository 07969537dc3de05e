import { Group, List, Select, Stack, Text, TextInput, Title } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Attached, AttachInput, DetectInput, Detection } from '../../../contract/schemas.ts'
import { path, send } from '../../api/send.ts'
import { useChange } from '../../api/useChange.ts'
import { ActionButton } from '../../parts/ActionButton.tsx'
import { FactTable } from '../../parts/FactTable.tsx'
import { Problem } from '../../parts/Problem.tsx'
import { frameworkWords } from '../../words/elements.ts'
import { AttachMore, type More, nothingMore, readOverrides } from './AttachMore.tsx'
import { NameField, nameRule } from './NameField.tsx'

/** A site that runs already: what the directory holds is shown first, then it is attached. */
export function AttachForm() {
  const [site, setSite] = useState('')
  const [environment, setEnvironment] = useState<string | null>('dev')
  const [directory, setDirectory] = useState('')
  const [more, setMore] = useState<More>(nothingMore)
  const [found, setFound] = useState<Detection | null>(null)
  const navigate = useNavigate()
  const overrides = readOverrides(more)
  const detect = useChange((input: DetectInput) => send<Detection>('POST', '/v1/detect', input), {
    ...{ inForm: true, forget: ['nothing'] },
    onDone: setFound,
  })
  const place = { site, environment: environment ?? 'dev' }
  const attach = useChange(
    (input: AttachInput) => send<Attached>('POST', path('/v1/sites/:site/environments/:environment', place), input),
    {
      ...{ inForm: true, said: `Attached ${site}.${place.environment}` },
      onDone: () => void navigate({ to: '/sites/$site/$environment/backups', params: place }),
    },
  )
  const missing = !nameRule.test(site) ? 'Give the site a name first' : directory === '' ? 'Say where it is first' : null
  const change = (part: Partial<More>): void => {
    setMore((now) => ({ ...now, ...part }))
    setFound(null)
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (missing !== null) return
        if (found === null) detect.mutate({ path: directory, overrides })
        else attach.mutate({ path: directory, ...overrides })
      }}
    >
      <Stack>
        <Title order={2} size="h4">
          Attach
        </Title>
        <NameField value={site} onChange={setSite} />
        <Select
          label="As which environment"
          data={['dev', 'test', 'live']}
          value={environment}
          onChange={setEnvironment}
          allowDeselect={false}
        />
        <TextInput
          label="Directory on this server"
          description="Where its code lies, such as /var/www/blog"
          required
          value={directory}
          onChange={(event) => {
            setDirectory(event.currentTarget.value)
            setFound(null)
          }}
          spellCheck={false}
        />
        <AttachMore more={more} onChange={change} />
        {found !== null && <Found detection={found} />}
        {detect.isError && <Problem error={detect.error} />}
        {attach.isError && <Problem error={attach.error} />}
        <Group>
          {found === null ? (
            <ActionButton type="submit" action="site.detect" blocked={missing} loading={detect.isPending}>
              Look what is there
            </ActionButton>
          ) : (
            <ActionButton type="submit" action="site.attach" blocked={missing} loading={attach.isPending}>
              Attach {site}.{place.environment}
            </ActionButton>
          )}
        </Group>
      </Stack>
    </form>
  )
}

function Found({ detection }: { detection: Detection }) {
  const { framework, version, codeRoot, docroot, filesDirectory, url, database, configFiles, notes } = detection
  const rows: [string, string][] = [
    ['Found', framework === null ? 'no system that Cairn knows' : `${frameworkWords[framework] ?? framework} ${version ?? ''}`],
    ['Code', docroot === codeRoot ? codeRoot : `${codeRoot}, served from ${docroot}`],
    ['Files', filesDirectory ?? 'not found'],
    [
      'Database',
      database === null
        ? 'not found'
        : `${database.name} as ${database.user}, password ${database.passwordPresent ? 'found' : 'not found'}`,
    ],
    ['Address', url ?? 'not found'],
    ['With credentials', configFiles.join(', ') || 'none'],
  ]
  return (
    <div role="status">
      <FactTable rows={rows} />
      {notes.length > 0 && (
        <List size="sm" mt="xs">
          {notes.map((note) => (
            <List.Item key={note}>{note}</List.Item>
          ))}
        </List>
      )}
      <Text size="sm" mt="xs">
        Nothing was changed. Is it right?
      </Text>
    </div>
  )
}
