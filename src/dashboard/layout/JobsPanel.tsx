import { Button, Group, Paper, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { WorkflowView } from '../../contract/workSchemas.ts'
import { AnchorLink } from '../parts/links.tsx'
import { Elapsed, Moment } from '../parts/Moment.tsx'
import { StateBadge } from '../parts/StateBadge.tsx'
import { isOpen, placeOf, workflowTitle } from '../words/workflow.ts'
import { CancelButton } from '../workflow/CancelButton.tsx'
import { CurrentStep } from '../workflow/CurrentStep.tsx'
import { Steps } from '../workflow/Steps.tsx'
import { WorkflowLog } from '../workflow/WorkflowLog.tsx'

const endedMax = 10
const order: readonly WorkflowView['state'][] = ['running', 'queued']

/** What runs and waits, with what it does; below it what ended last. */
export function JobsPanel({ jobs, onLeave }: { jobs: WorkflowView[]; onLeave: () => void }) {
  const open = jobs.filter(isOpen).toSorted((one, other) => order.indexOf(one.state) - order.indexOf(other.state))
  const ended = jobs.filter((job) => !isOpen(job)).slice(0, endedMax)
  return (
    <Stack>
      {open.length === 0 && <Text c="dimmed">Nothing runs at the moment.</Text>}
      {open.map((job) => (
        <Job key={job.id} job={job} onLeave={onLeave} />
      ))}
      {ended.length > 0 && (
        <Text size="sm" fw={600} mt="xs">
          Ended
        </Text>
      )}
      {ended.map((job) => (
        <Job key={job.id} job={job} onLeave={onLeave} />
      ))}
      <AnchorLink to="/workflows" onClick={onLeave}>
        All workflows
      </AnchorLink>
    </Stack>
  )
}

function Job({ job, onLeave }: { job: WorkflowView; onLeave: () => void }) {
  const [opened, { toggle }] = useDisclosure()
  return (
    <Paper withBorder p="sm" radius="md">
      <Stack gap={6}>
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <div style={{ minWidth: 0 }}>
            <AnchorLink to="/workflows/$id" params={{ id: job.id }} onClick={onLeave} fw={600}>
              {workflowTitle(job.kind)}
            </AnchorLink>
            <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
              {placeOf(job)}
            </Text>
          </div>
          <StateBadge state={job.state} />
        </Group>
        {isOpen(job) && <CurrentStep workflow={job} />}
        <Group justify="space-between">
          <Text size="xs" c="dimmed">
            {job.startedAt === null ? (
              <>
                asked for <Moment at={job.createdAt} only="ago" />
              </>
            ) : (
              <Elapsed from={job.startedAt} to={job.finishedAt} />
            )}
            {' · '}
            {job.actor.name}
          </Text>
          <Group gap={4}>
            <Button size="compact-xs" variant="default" onClick={toggle} aria-expanded={opened}>
              {opened ? 'Less' : 'Steps and log'}
            </Button>
            {isOpen(job) && <CancelButton workflow={job} size="compact-xs" />}
          </Group>
        </Group>
        {opened && (
          <>
            <Steps steps={job.steps} />
            <WorkflowLog workflow={job} />
          </>
        )}
      </Stack>
    </Paper>
  )
}
