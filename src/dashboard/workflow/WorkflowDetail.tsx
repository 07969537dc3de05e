import { Alert, Group, List, Paper, Stack, Text } from '@mantine/core'
import { TriangleAlert } from 'lucide-react'
import type { WorkflowView } from '../../contract/workSchemas.ts'
import { Elapsed, Moment } from '../parts/Moment.tsx'
import { StateBadge } from '../parts/StateBadge.tsx'
import { isOpen } from '../words/workflow.ts'
import { CancelButton } from './CancelButton.tsx'
import { CurrentStep } from './CurrentStep.tsx'
import { FailureHelp } from './FailureHelp.tsx'
import { Steps } from './Steps.tsx'
import { WorkflowLog } from './WorkflowLog.tsx'
import { WorkflowResult } from './WorkflowResult.tsx'

/** One workflow, live: what it does, its steps, its log, and what came out. */
export function WorkflowDetail({ workflow }: { workflow: WorkflowView }) {
  const { state, steps, startedAt, finishedAt, createdAt, actor, warnings } = workflow
  return (
    <Stack>
      <Group justify="space-between">
        <Group gap="xs">
          <StateBadge state={state} />
          <Text size="sm" c="dimmed">
            {startedAt === null ? 'asked for ' : 'started '}
            <Moment at={startedAt ?? createdAt} /> by {actor.name}
            {startedAt !== null && (
              <>
                {' · '}
                <Elapsed from={startedAt} to={finishedAt} />
              </>
            )}
          </Text>
        </Group>
        {isOpen(workflow) && <CancelButton workflow={workflow} />}
      </Group>
      {isOpen(workflow) && (
        <Paper withBorder p="md" radius="md" aria-live="off">
          <CurrentStep workflow={workflow} />
        </Paper>
      )}
      {state === 'failed' && <FailureHelp workflow={workflow} />}
      {state === 'cancelled' && <Alert color="gray">It was cancelled: the environment is as it was before.</Alert>}
      {state === 'succeeded' && <WorkflowResult workflow={workflow} />}
      {warnings.length > 0 && (
        <Alert
          color="yellow"
          icon={<TriangleAlert size={18} aria-hidden />}
          title={`${warnings.length === 1 ? 'One warning' : `${warnings.length} warnings`}`}
        >
          <List size="sm">
            {warnings.slice(0, 50).map((warning, at) => (
              <List.Item key={at}>
                {warning.message}
                {warning.path !== null && (
                  <Text span size="xs">
                    {' '}
                    ({warning.path})
                  </Text>
                )}
              </List.Item>
            ))}
          </List>
        </Alert>
      )}
      <Steps steps={steps} />
      <WorkflowLog workflow={workflow} />
    </Stack>
  )
}
