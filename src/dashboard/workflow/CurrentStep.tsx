import { Progress, Text } from '@mantine/core'
import type { StepView, WorkflowView } from '../../contract/workSchemas.ts'
import { sizeText } from '../../contract/sizeText.ts'
import { countText } from '../words/count.ts'
import { stepTitle } from '../words/workflow.ts'
import { durationText } from '../words/time.ts'
import { useRate } from './useRate.ts'

/** What is done now and how far it is; a bar without an end where the end is not known. */
export function CurrentStep({ workflow }: { workflow: WorkflowView }) {
  const step = workflow.steps.findLast(({ state }) => state === 'running') ?? workflow.steps.at(-1)
  const rate = useRate(step)
  if (step === undefined || (workflow.state === 'queued' && step.state !== 'running')) {
    return (
      <Text size="sm" c="dimmed">
        Waits for its turn
      </Text>
    )
  }
  const part = partOf(step)
  return (
    <div>
      <Progress
        value={part === null ? 100 : part * 100}
        striped={part === null}
        animated={part === null}
        aria-label={`${stepTitle(step.name)}: ${part === null ? 'under way' : `${Math.floor(part * 100)} %`}`}
      />
      <Text size="sm" mt={4}>
        {stepTitle(step.name)}
        {part !== null && ` · ${Math.floor(part * 100)} %`}
      </Text>
      <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere', minHeight: '1.2em' }}>
        {progressWords(step, rate)}
      </Text>
    </div>
  )
}

function partOf({ progress }: StepView): number | null {
  if (progress === null) return null
  const { doneBytes, totalBytes, doneItems, totalItems } = progress
  if (totalBytes !== null && totalBytes > 0) return Math.min(1, doneBytes / totalBytes)
  if (totalItems !== null && totalItems > 0) return Math.min(1, doneItems / totalItems)
  return null
}

export function progressWords({ progress, state }: StepView, rate: number | null): string {
  if (progress === null) return ''
  const { doneBytes, totalBytes, doneItems, totalItems, note } = progress
  const words: string[] = []
  if (doneBytes > 0) words.push(totalBytes === null ? sizeText(doneBytes) : `${sizeText(doneBytes)} of ${sizeText(totalBytes)}`)
  if (doneItems > 0)
    words.push(
      totalItems === null ? `${countText(doneItems)} items` : `${countText(doneItems)} of ${countText(totalItems)} items`,
    )
  if (state === 'running' && rate !== null && rate > 0) {
    words.push(`${sizeText(rate)}/s`)
    if (totalBytes !== null && totalBytes > doneBytes)
      words.push(`about ${durationText(((totalBytes - doneBytes) / rate) * 1000)} left`)
  }
  if (note !== null && note !== '') words.push(note)
  return words.join(' · ')
}
