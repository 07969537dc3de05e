import { Table, type TableProps } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import { type ReactNode, useDeferredValue } from 'react'
import classes from './DataTable.module.css'
import { Loaded } from './Loaded.tsx'

export interface Column<Row> {
  head: string
  cell: (row: Row) => ReactNode
  /** Where numbers stand below each other */
  toRight?: boolean
  /** Dates and durations, which are read at a glance */
  oneLine?: boolean
  /** Paths and the like, which may break anywhere */
  long?: boolean
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
  /** Narrower windows scroll the table, not the page; a phone shows a card for each row */
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

/** More than a window shows: they are seen at once, the others a moment later */
const rowsFirst = 12

type FilledProps<Row> = Omit<Props<unknown, Row>, 'query' | 'rows' | 'empty'> & { rows: readonly Row[] }

/** The roles are told, because a table that is shown as cards is none any more to who listens. */
function Filled<Row>({ label, rows, columns, keyOf, actions, minWidth, spacing = 'sm' }: FilledProps<Row>) {
  const count = useDeferredValue(rows.length, rowsFirst)
  return (
    <div className={classes['scroll']} tabIndex={0} role="group" aria-label={label}>
      <Table
        className={classes['table']}
        style={{ '--table-width': `${minWidth}px` }}
        verticalSpacing={spacing}
        highlightOnHover
        role="table"
      >
        <Table.Thead role="rowgroup">
          <Table.Tr role="row">
            {columns.map(({ head, toRight }) => (
              <Table.Th key={head} role="columnheader" {...(toRight === true ? { ta: 'right' as const } : {})}>
                {head}
              </Table.Th>
            ))}
            {actions !== undefined && (
              <Table.Th role="columnheader">
                <span className="visually-hidden">What can be done</span>
              </Table.Th>
            )}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody role="rowgroup">
          {rows.slice(0, count).map((row) => (
            <Table.Tr key={keyOf(row)} role="row">
              {columns.map((column) => (
                <Table.Td key={column.head} role="cell" data-head={column.head} className={classOf(column)}>
                  <div>{column.cell(row)}</div>
                </Table.Td>
              ))}
              {actions !== undefined && (
                <Table.Td role="cell" className={`${classes['actions']} ${classes['toRight']}`}>
                  {actions(row)}
                </Table.Td>
              )}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  )
}

function classOf<Row>({ toRight, oneLine, long }: Column<Row>): string {
  const chosen = [toRight === true && 'toRight', oneLine === true && 'oneLine', long === true && 'long']
  return chosen.flatMap((name) => (name === false ? [] : (classes[name] ?? []))).join(' ')
}
