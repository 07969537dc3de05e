import type { WorkflowView } from '../../contract/workSchemas.ts'
import { isOpen } from '../words/workflow.ts'

const endedMax = 30

/**
 * Puts a workflow among the jobs: in the place of what was known of it, unless that is newer, else in front. None that is open is ever
 * dropped, for a long one may have been asked for before many short ones.
 */
export function putJob(jobs: readonly WorkflowView[], workflow: WorkflowView): WorkflowView[] {
  const known = jobs.find(({ id }) => id === workflow.id)
  const newer = known !== undefined && known.revision > workflow.revision ? known : workflow
  const put = known === undefined ? [workflow, ...jobs] : jobs.map((job) => (job === known ? newer : job))
  let ended = 0
  return put.filter((job) => isOpen(job) || ++ended <= endedMax)
}
