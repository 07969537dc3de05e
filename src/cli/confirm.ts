import { Failure } from '../base/failure.ts'
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
      hint: `Nothing was changed. To go on, write --confirm=${name}`,
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
    const found = typed.trim() === '' ? 'no name was typed' : `"${typed.trim()}" is not "${name}"`
    throw new Failure('CONFIRMATION_NEEDED', `Cannot go on: ${found}`, {
      hint: `Nothing was changed. Run it again and type ${name}`,
    })
  }
  await confirmPlain(context, question, 'Nothing was changed')
}

/**
 * A question to a person that is answered with yes or no; leaving it with Ctrl-C is no answer.
 *
 * @throws {Failure} CONFIRMATION_NEEDED for no
 * @throws {Interrupted} at Ctrl-C
 */
export async function confirmPlain(context: Context, question: string, nothing: string): Promise<void> {
  if (await context.terminal.ask.confirm(question)) return
  throw new Failure('CONFIRMATION_NEEDED', `Cannot go on: "${question}" was answered with no`, {
    hint: `${nothing}. Run it again and answer yes, or add --yes`,
  })
}
