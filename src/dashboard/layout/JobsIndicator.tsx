import { Button, Drawer, Indicator, Loader } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { ListChecks } from 'lucide-react'
import { jobsQuery } from '../api/queries.ts'
import { isOpen } from '../words/workflow.ts'
import { JobsPanel } from './JobsPanel.tsx'

/** How many jobs run and wait; nothing but its name when none does. */
export function JobsIndicator() {
  const [opened, { open, close }] = useDisclosure()
  const { data } = useQuery(jobsQuery)
  const jobs = data ?? []
  const running = jobs.filter(({ state }) => state === 'running').length
  const waiting = jobs.filter(({ state }) => state === 'queued').length
  const busy = jobs.some(isOpen)
  const said = busy ? `Jobs: ${running} running${waiting > 0 ? `, ${waiting} waiting` : ''}` : 'Jobs: none running'
  const known = data === undefined ? 'Jobs' : said
  return (
    <>
      <Indicator label={running + waiting} size={16} disabled={!busy} inline>
        <Button
          variant="default"
          size="xs"
          onClick={open}
          aria-label={known}
          aria-haspopup="dialog"
          leftSection={busy ? <Loader size={14} aria-hidden /> : <ListChecks size={16} aria-hidden />}
          data-jobs={data === undefined ? 'unknown' : busy ? 'busy' : 'idle'}
        >
          Jobs
        </Button>
      </Indicator>
      <Drawer
        opened={opened}
        onClose={close}
        position="right"
        size="md"
        title="Jobs"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <JobsPanel jobs={jobs} onLeave={close} />
      </Drawer>
    </>
  )
}
