import { Table } from '@mantine/core'

/** What is known of one thing, line by line. */
export function FactTable({ rows }: { rows: readonly (readonly [name: string, value: string])[] }) {
  return (
    <Table variant="vertical" withTableBorder maw={860}>
      <Table.Tbody>
        {rows.map(([name, value]) => (
          <Table.Tr key={name}>
            <Table.Th w={{ base: 110, sm: 160 }}>{name}</Table.Th>
            <Table.Td className="anywhere">{value}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
