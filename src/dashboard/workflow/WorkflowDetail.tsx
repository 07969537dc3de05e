import { Alert, Group, List, Paper, Stack, Text, ThemeIcon, Timeline } from '@mantine/core'
import { Check, CircleSlash, Loader as Busy, TriangleAlert, X } from 'lucide-react'
import type { StepView, WorkflowView } from '../../contract/workSchemas.ts'
import { Elapsed, Moment } from '../parts/Moment.tsx'
import { StateBadge } from '../parts/StateBadge.tsx'
import { isOpen, stepTitle } from '../words/workflow.ts'
import { CancelButton } from './CancelButton.tsx'
import { CurrentStep, progressWords } from './CurrentStep.tsx'
import { FailureHelp } from './FailureHelp.tsx'
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
      {steps.length > 0 && <Steps steps={steps} />}
      <WorkflowLog workflow={workflow} />
    </Stack>
  )
}

const icons: Record<StepView['state'], typeof Check> = {
  waiting: Busy,
  running: Busy,
  succeeded: Check,
  failed: X,
  cancelled: CircleSlash,
}

function Steps({ steps }: { steps: StepView[] }) {
  const active = steps.findLastIndex(({ state }) => state === 'succeeded')
  return (
    <Timeline active={active} bulletSize={22} lineWidth={2} aria-label="Steps">
      {steps.map((step) => {
        const Icon = icons[step.state]
        return (
          <Timeline.Item
            key={step.name}
            bullet={
              step.state === 'failed' ? (
                <ThemeIcon color="red" size={22} radius="xl">
                  <Icon size={12} aria-hidden />
                </ThemeIcon>
              ) : (
                <Icon size={12} aria-hidden />
              )
            }
            title={
              <Group gap="xs">
                <Text size="sm" fw={500} component="span">
                  {stepTitle(step.name)}
                </Text>
                <Text size="xs" c="dimmed" component="span">
                  {step.state === 'succeeded' || step.startedAt === null ? '' : `${step.state} · `}
                  {step.startedAt !== null && <Elapsed from={step.startedAt} to={step.finishedAt} />}
                </Text>
              </Group>
            }
          >
            <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
              {progressWords(step, null)}
            </Text>
          </Timeline.Item>
        )
      })}
    </Timeline>
  )
}
