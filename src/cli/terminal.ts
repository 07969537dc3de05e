import type { Readable } from 'node:stream'
import { type Asker, clackAsker } from './ask.ts'

/** Where a command line runs: its streams, its variables and who sits before it. Tests give one of their own. */
export interface Terminal {
  env: Record<string, string | undefined>
  cwd: string
  stdin: Readable
  /** A person can be asked: input and stderr are terminals */
  interactive: boolean
  outIsTty: boolean
  errIsTty: boolean
  columns(): number
  /** Data, and nothing else */
  out(text: string): void
  /** Everything that is not data */
  err(text: string): void
  ask: Asker
  /** Calls `handler` for each Ctrl-C until the returned function is called; without a handler Ctrl-C ends the process */
  onInterrupt(handler: () => void): () => void
}

export function systemTerminal(): Terminal {
  // A reader that closes early (`| head -1`) is no failure of ours
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  const errIsTty = process.stderr.isTTY === true
  return {
    env: process.env,
    cwd: process.cwd(),
    stdin: process.stdin,
    interactive: process.stdin.isTTY === true && errIsTty,
    outIsTty: process.stdout.isTTY === true,
    errIsTty,
    columns: () => process.stderr.columns || 80, // 0 on a terminal that has no size
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    ask: clackAsker(process.stderr, process.stdin),
    onInterrupt(handler) {
      process.on('SIGINT', handler)
      return () => void process.off('SIGINT', handler)
    },
  }
}

/** The first line of an input stream, at most 64 KiB, without its line end: how a secret comes from a pipe. */
export async function readLine(stdin: Readable): Promise<string> {
  let text = ''
  stdin.setEncoding('utf8')
  const over = Promise.withResolvers<void>()
  // a file as stdin is never closed, only at its end
  stdin.once('end', over.resolve).once('close', over.resolve).once('error', over.resolve)
  stdin.on('data', (part: string) => {
    text += part
    if (!text.includes('\n') && text.length <= 65_536) return
    stdin.destroy()
    over.resolve()
  })
  await over.promise
  return text.split(/\r?\n/, 1)[0] ?? ''
}
