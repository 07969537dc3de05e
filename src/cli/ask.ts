import type { Writable } from 'node:stream'

/** Questions to a person. Each throws `Interrupted` when the person leaves with Ctrl-C or Escape. */
export interface Asker {
  confirm(message: string): Promise<boolean>
  text(message: string, preset?: string): Promise<string>
  password(message: string): Promise<string>
}

/** The person stopped the command before it did anything: exit code 130. */
export class Interrupted extends Error {}

/** Asks on `output`, never on stdout: that is for data. */
export function clackAsker(output: Writable): Asker {
  return {
    async confirm(message) {
      const { confirm } = await import('@clack/prompts')
      return answered(await confirm({ message, initialValue: false, output }))
    },
    async text(message, preset) {
      const { text } = await import('@clack/prompts')
      return answered(await text({ message, output, ...(preset === undefined ? {} : { initialValue: preset }) }))
    },
    async password(message) {
      const { password } = await import('@clack/prompts')
      return answered(await password({ message, output }))
    },
  }
}

function answered<T>(answer: T): Exclude<T, symbol> {
  if (typeof answer === 'symbol') throw new Interrupted('the question was left unanswered')
  return answer as Exclude<T, symbol>
}
