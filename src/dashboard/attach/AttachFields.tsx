import { List, Text, TextInput } from '@mantine/core'
import type { Detection, EnvironmentView } from '../../contract/schemas.ts'
import { FactTable } from '../parts/FactTable.tsx'
import { AttachMore } from './AttachMore.tsx'
import { factsAgainst, factsOf } from './facts.ts'
import type { Attaching } from './useAttach.ts'

/** Where a site is, what cannot be found there, and what was found. */
export function AttachFields({ attaching, known = null }: { attaching: Attaching; known?: EnvironmentView | null }) {
  const { directory, setDirectory, more, setMore, found } = attaching
  return (
    <>
      <TextInput
        label="Directory on this server"
        description="Where its code lies, such as /var/www/blog"
        required
        value={directory}
        onChange={(event) => setDirectory(event.currentTarget.value)}
        spellCheck={false}
      />
      <AttachMore more={more} onChange={setMore} />
      {found !== null && <Found found={found} known={known} />}
    </>
  )
}

function Found({ found, known }: { found: Detection; known: EnvironmentView | null }) {
  const { facts, same } = known === null ? { facts: factsOf(found), same: false } : factsAgainst(known, found)
  return (
    <div role="status">
      <FactTable rows={facts} />
      {found.notes.length > 0 && (
        <List size="sm" mt="xs">
          {found.notes.map((note) => (
            <List.Item key={note}>{note}</List.Item>
          ))}
        </List>
      )}
      <Text size="sm" mt="xs">
        {same ? 'All of this is known already; only a password could be another one. ' : ''}Nothing was changed. Is it right?
      </Text>
    </div>
  )
}
