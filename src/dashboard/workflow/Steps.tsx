import { Group, Text, ThemeIcon, Timeline } from '@mantine/core'
import { Check, CircleSlash, Loader as Busy, X } from 'lucide-react'
import type { StepView } from '../../contract/workSchemas.ts'
import { Elapsed } from '../parts/Moment.tsx'
import { stepTitle } from '../words/workflow.ts'
import { progressWords } from './CurrentStep.tsx'

const icons: Record<StepView['state'], typeof Check> = {
  waiting: Busy,
  running: Busy,
  succeeded: Check,
  failed: X,
  cancelled: CircleSlash,
}

/** What was done, is done and comes, each with how long it took. */
export function Steps({ steps }: { steps: StepView[] }) {
  if (steps.length === 0) return null
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
