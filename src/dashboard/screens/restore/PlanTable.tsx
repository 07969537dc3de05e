import { Alert, Code, Stack, Table, Text } from '@mantine/core'
import type { RestorePlan } from '../../../contract/schemas.ts'
import { sizeText } from '../../../contract/sizeText.ts'
import { countText, plural } from '../../words/count.ts'
import { durationText } from '../../words/time.ts'

/** The dry run, in numbers and examples. */
export function PlanTable({ plan }: { plan: RestorePlan }) {
  const { code, files, database, spaceNeededBytes, spaceFreeBytes, estimatedSeconds, warnings, mode } = plan
  const trees = [
    ['Code', code],
    ['Files', files],
  ] as const
  const examples = [...(code?.examples ?? []), ...(files?.examples ?? [])]
  const short = spaceFreeBytes !== null && spaceNeededBytes > spaceFreeBytes
  return (
    <Stack gap="sm">
      <Table.ScrollContainer minWidth={340} type="native" tabIndex={0} role="group" aria-label="What will change">
        <Table withTableBorder horizontalSpacing={8} fz={{ base: 'xs', sm: 'sm' }}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>What will change</Table.Th>
              <Table.Th ta="right">Added</Table.Th>
              <Table.Th ta="right">Changed</Table.Th>
              <Table.Th ta="right">Removed</Table.Th>
              <Table.Th ta="right">To write</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {trees.map(([name, counts]) =>
              counts === null ? null : (
                <Table.Tr key={name}>
                  <Table.Th>{name}</Table.Th>
                  <Table.Td ta="right">{countText(counts.added)}</Table.Td>
                  <Table.Td ta="right">{countText(counts.changed)}</Table.Td>
                  <Table.Td ta="right">{countText(counts.removed)}</Table.Td>
                  <Table.Td ta="right" style={{ whiteSpace: 'nowrap' }}>
                    {sizeText(counts.bytes)}
                  </Table.Td>
                </Table.Tr>
              ),
            )}
            {database !== null && (
              <Table.Tr>
                <Table.Th>Database</Table.Th>
                <Table.Td ta="right" colSpan={2}>
                  {plural(database.tables, 'table')} replaced, {plural(database.rows, 'row')}
                </Table.Td>
                <Table.Td ta="right">{plural(database.tablesRemoved.length, 'table')}</Table.Td>
                <Table.Td ta="right" style={{ whiteSpace: 'nowrap' }}>
                  {sizeText(database.bytes)}
                </Table.Td>
              </Table.Tr>
            )}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Text size="sm" c="dimmed">
        How: {mode.replace(/\.$/, '')}. Space needed: {sizeText(spaceNeededBytes)}
        {spaceFreeBytes !== null && `, ${sizeText(spaceFreeBytes)} are free`}
        {estimatedSeconds !== null && `; about ${durationText(estimatedSeconds * 1000)}`}
      </Text>
      {(database?.tablesRemoved.length ?? 0) > 0 && (
        <Text size="sm" className="anywhere">
          Tables that go: {database?.tablesRemoved.join(', ')}
        </Text>
      )}
      {examples.length > 0 && (
        <Code block tabIndex={0} aria-label="Examples of what changes" mah={200} style={{ overflow: 'auto' }}>
          {examples.map(({ change, path }) => `${change.padEnd(8)} ${path}`).join('\n')}
        </Code>
      )}
      {short && <Alert color="red">There is not enough space: the restore would be refused.</Alert>}
      {warnings.map(({ message }) => (
        <Alert key={message} color="yellow">
          {message}
        </Alert>
      ))}
    </Stack>
  )
}
