import { Pagination } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'

interface Props {
  /** The one that is shown: `page` of the address, 1 without it */
  page: number
  size: number
  /** How many rows there are on all pages */
  total: number
}

/** Leads through the pages of a list; which one is shown stands in the address. Nothing where all is on one page. */
export function Pages({ page, size, total }: Props) {
  const navigate = useNavigate()
  const pages = Math.ceil(total / size)
  if (pages <= 1 && page === 1) return null
  const turn = (next: number): void =>
    void navigate({ to: '.', search: (before: object) => ({ ...before, page: next === 1 ? undefined : next }) } as Turn)
  return (
    <Pagination
      total={Math.max(pages, page)}
      value={page}
      onChange={turn}
      getControlProps={(control) => ({ 'aria-label': `${control} page` })}
      getItemProps={(item) => ({ 'aria-label': `Page ${item}` })}
    />
  )
}

/** Any page of the dashboard that has pages: the router cannot know which one this is */
type Turn = Parameters<ReturnType<typeof useNavigate>>[0]

/** For a list that only tells whether it goes on: as many rows as are known, and one where there are more. */
export const atLeast = (page: number, size: number, shown: number, more: boolean): number =>
  (page - 1) * size + shown + (more ? 1 : 0)
