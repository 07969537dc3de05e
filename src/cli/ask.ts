import type { Readable, Writable } from 'node:stream'

/** Questions to a person. Each throws `Interrupted` when the person leaves with Ctrl-C, Ctrl-D or Escape, or the terminal goes away. */
export interface Asker {
  confirm(message: string): Promise<boolean>
  text(message: string, preset?: string): Promise<string>
  password(message: string): Promise<string>
}

/** The person stopped the command before it did anything: exit code 130. */
export class Interrupted extends Error {}

/** Asks on `output`, never on stdout: that is for data. */
export function clackAsker(output: Writable, input: Readable): Asker {
  return {
    async confirm(message) {
      const { confirm } = await import('@clack/prompts')
      return untilLeft(input, (signal) => confirm({ message, initialValue: false, input, output, signal }))
    },
    async text(message, preset) {
      const { text } = await import('@clack/prompts')
      const initial = preset === undefined ? {} : { initialValue: preset }
      return untilLeft(input, (signal) => text({ message, input, output, signal, ...initial }))
    },
    async password(message) {
      const { password } = await import('@clack/prompts')
      return untilLeft(input, (signal) => password({ message, input, output, signal }))
    },
  }
}

/** The prompt hears Ctrl-C by itself; at the end of its input it would wait for ever, and the process end in the middle. */
async function untilLeft<T>(input: Readable, ask: (signal: AbortSignal) => Promise<T>): Promise<Exclude<T, symbol>> {
  const left = new AbortController()
  const leave = (): void => left.abort()
  const hear = (_: string | undefined, key?: { ctrl?: boolean; name?: string }): void => {
    if (key?.ctrl === true && key.name === 'd') leave()
  }
  input.on('keypress', hear).on('end', leave).on('close', leave)
  try {
    const answer = await ask(left.signal)
    if (typeof answer === 'symbol') throw new Interrupted('the question was left unanswered, nothing was done')
    return answer as Exclude<T, symbol>
  } finally {
    input.off('keypress', hear).off('end', leave).off('close', leave)
  }
}
