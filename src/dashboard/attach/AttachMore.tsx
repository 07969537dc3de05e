import { Accordion, PasswordInput, Stack, TextInput } from '@mantine/core'
import type { Overrides } from '../../contract/schemas.ts'

export interface More {
  url: string
  filesPath: string
  siteDirectory: string
  host: string
  user: string
  password: string
  name: string
}

/** As a request takes it: what was left empty is not sent. */
export function readOverrides({ url, filesPath, siteDirectory, host, user, password, name }: More): Overrides {
  const database = {
    ...(host === '' ? {} : { host }),
    ...(user === '' ? {} : { user }),
    ...(password === '' ? {} : { password }),
    ...(name === '' ? {} : { name }),
  }
  return {
    ...(url === '' ? {} : { url }),
    ...(filesPath === '' ? {} : { filesPath }),
    ...(siteDirectory === '' ? {} : { siteDirectory }),
    ...(Object.keys(database).length === 0 ? {} : { database }),
  }
}

export const nothingMore: More = { url: '', filesPath: '', siteDirectory: '', host: '', user: '', password: '', name: '' }

/** What cannot be found by itself, for those who have to say it. */
export function AttachMore({ more, onChange }: { more: More; onChange: (part: Partial<More>) => void }) {
  return (
    <Accordion variant="separated">
      <Accordion.Item value="more">
        <Accordion.Control>What cannot be found by itself</Accordion.Control>
        <Accordion.Panel>
          <Stack>
            <TextInput
              label="Address of the site"
              value={more.url}
              onChange={(event) => onChange({ url: event.currentTarget.value })}
            />
            <TextInput
              label="Files directory"
              value={more.filesPath}
              onChange={(event) => onChange({ filesPath: event.currentTarget.value })}
            />
            <TextInput
              label="Site directory"
              description="Of several sites on one Drupal the one that is meant, such as example.com"
              value={more.siteDirectory}
              onChange={(event) => onChange({ siteDirectory: event.currentTarget.value })}
            />
            <TextInput
              label="Database server"
              value={more.host}
              onChange={(event) => onChange({ host: event.currentTarget.value })}
              spellCheck={false}
            />
            <TextInput label="Database" value={more.name} onChange={(event) => onChange({ name: event.currentTarget.value })} />
            <TextInput
              label="Database account"
              value={more.user}
              onChange={(event) => onChange({ user: event.currentTarget.value })}
              autoComplete="off"
            />
            <PasswordInput
              label="Password of the database account"
              value={more.password}
              onChange={(event) => onChange({ password: event.currentTarget.value })}
              autoComplete="off"
            />
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  )
}
