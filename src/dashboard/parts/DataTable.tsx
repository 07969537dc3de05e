import { Table, type TableProps } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Loaded } from './Loaded.tsx'

export interface Column<Row> {
  head: ReactNode
  cell: (row: Row) => ReactNode
  /** Where numbers stand below each other */
  toRight?: boolean
  /** Dates and names that are read at a glance */
  oneLine?: boolean
}

interface Props<Data, Row> {
  /** What the list is of: read to who comes here by the keyboard */
  label: string
  query: UseQueryResult<Data>
  rows: (data: Data) => readonly Row[]
  columns: readonly Column<Row>[]
  keyOf: (row: Row) => string | number
  /** Buttons at the right end of each row; their column has a name that is only read out */
  actions?: (row: Row) => ReactNode
  /** Narrower windows scroll the table, not the page */
  minWidth: number
  /** In its place while there is nothing in it: says what to do */
  empty: ReactNode
  spacing?: TableProps['verticalSpacing']
}

/** A list as a table, with what is shown while it is asked for and when it is empty. Sorting and paging are the server's. */
export function DataTable<Data, Row>({ query, rows, empty, ...table }: Props<Data, Row>) {
  return (
    <Loaded query={query} rows={6}>
      {(data) => {
        const found = rows(data)
        return found.length === 0 ? empty : <Filled {...table} rows={found} />
      }}
    </Loaded>
  )
}

type FilledProps<Row> = Omit<Props<unknown, Row>, 'query' | 'rows' | 'empty'> & { rows: readonly Row[] }

function Filled<Row>({ label, rows, columns, keyOf, actions, minWidth, spacing = 'sm' }: FilledProps<Row>) {
  return (
    <Table.ScrollContainer
      minWidth={minWidth}
      type="native"
      pos="relative" // for the name that is only read out: it would widen the page
      tabIndex={0}
      role="group"
      aria-label={label}
    >
      <Table verticalSpacing={spacing} highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            {columns.map(({ head, toRight }, at) => (
              <Table.Th key={at} {...(toRight === true ? { ta: 'right' as const } : {})}>
                {head}
              </Table.Th>
            ))}
            {actions !== undefined && (
              <Table.Th>
                <span className="visually-hidden">What can be done</span>
              </Table.Th>
            )}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={keyOf(row)}>
              {columns.map(({ cell, toRight, oneLine }, at) => (
                <Table.Td
                  key={at}
                  {...(toRight === true ? { ta: 'right' as const } : {})}
                  className={oneLine === true ? 'one-line' : 'anywhere'}
                >
                  {cell(row)}
                </Table.Td>
              ))}
              {actions !== undefined && <Table.Td ta="right">{actions(row)}</Table.Td>}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}
