import type { LogLine, WorkflowView } from '../../contract/workSchemas.ts'
import { placeOf } from '../words/workflow.ts'

const logLinesMax = 30

/** What whoever helps needs to know. Cairn's messages hold no secrets; what looks like one is taken out all the same. */
export function reportOf(workflow: WorkflowView, lines: readonly LogLine[], version: string): string {
  const { id, kind, state, failure, steps, createdAt, finishedAt } = workflow
  const step = steps.findLast((one) => one.state === 'failed') ?? steps.at(-1)
  return withoutSecrets(
    [
      `Cairn ${version} · ${navigator.userAgent}`,
      `Workflow ${id}: ${kind} of ${placeOf(workflow)}, ${state}`,
      `Asked for ${createdAt}, ended ${finishedAt ?? '-'}`,
      `Step: ${step?.name ?? '-'}`,
      `Error: ${failure?.code ?? '-'} ${failure?.message ?? ''}`,
      `Hint: ${failure?.hint ?? '-'}`,
      '',
      'Last lines of the log:',
      ...lines.slice(-logLinesMax).map(({ at, level, message }) => `${at} ${level} ${message}`),
    ].join('\n'),
  )
}

/** Tokens of Cairn, links, passwords in addresses, and `password=…` in whatever notation */
export function withoutSecrets(text: string): string {
  return text
    .replaceAll(/cairn_[0-9A-Za-z]+_[\w-]+/g, 'cairn_(token)')
    .replaceAll(/\/download\/[\w-]{20,}/g, '/download/(secret)')
    .replaceAll(/(\w+:\/\/)[^\s/@]+@/g, '$1(secret)@')
    .replaceAll(/([?&](?:[\w.-]*(?:sig|signature|token|key|credential)[\w.-]*)=)[^\s&]+/gi, '$1(secret)')
    .replaceAll(/(pass(?:word|wd)?["']?\s*[=:]\s*)\S+/gi, '$1(secret)')
}
