import { Failure } from '../base/failure.ts'
import { Interrupted } from './ask.ts'
import type { Context } from './context.ts'
import type { EnvironmentName } from './inputs.ts'

export interface Confirmation {
  environment: Pick<EnvironmentName, 'text'> & { environment: string | null }
  /** The name must be typed, of whatever environment */
  typed?: boolean
  /** What will happen, in plain sentences, told before the question */
  warning: string
  /** `Restore blog.live?` */
  question: string
  /** What `--confirm` was given */
  confirm: string | undefined
}

/**
 * Lets a destructive command go on, or not. With `--yes` it goes on; on `live` the name must be given too, typed or as
 * `--confirm=site.live`. Without a person to ask, the answer is no.
 *
 * @throws {Failure} CONFIRMATION_NEEDED; nothing was done
 */
export async function confirmDestructive(context: Context, asked: Confirmation): Promise<void> {
  const { environment, confirm, question } = asked
  const name = environment.text
  const live = asked.typed === true || environment.environment === 'live'
  context.warn(asked.warning)
  if (confirm !== undefined && confirm !== name) {
    throw new Failure('CONFIRMATION_NEEDED', `Cannot go on: --confirm says "${confirm}", this is "${name}"`, {
      hint: 'Nothing was changed',
    })
  }
  const named = confirm === name
  if (context.flags.yes && (!live || named)) return
  if (!context.mayAsk) {
    const flags = live ? `--yes --confirm=${name}` : '--yes'
    throw new Failure('CONFIRMATION_NEEDED', `Cannot go on: this changes "${name}", and nobody is there to ask`, {
      hint: `Nothing was changed. Add ${flags} to do it without a question`,
    })
  }
  if (live && !named) {
    const typed = await context.terminal.ask.text(`${question} Type ${name} to go on`)
    if (typed.trim() === name) return
    throw new Failure('CONFIRMATION_NEEDED', `Cannot go on: "${typed.trim()}" is not "${name}"`, { hint: 'Nothing was changed' })
  }
  if (!(await context.terminal.ask.confirm(question))) throw new Interrupted('it was not confirmed, nothing was changed')
}
