// Stages, plays or recovers an apply in a process of its own, which kills itself before its n-th write to a socket: at a random
// statement. Argument: prepare, forward, back or recover; on stdin the options as JSON, with `killAt` as n, 0 for never, or as a
// word of the statement.
import { createReadStream } from 'node:fs'
import { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { quietRun } from '../../src/base/run.ts'
import { flipDatabase, type FlipOptions } from '../../src/releases/database/flipDatabase.ts'
import { type PrepareOptions, prepareDatabase } from '../../src/releases/database/prepareDatabase.ts'
import { recoverDatabase } from '../../src/releases/database/recoverDatabase.ts'

const options = JSON.parse(await text(process.stdin)) as Omit<FlipOptions, 'run'> & {
  id: string
  killAt: number | string
  dumpFile: string
  wanted: PrepareOptions['wanted']
}
let writes = 0
const write = Socket.prototype.write
Socket.prototype.write = function (this: Socket, ...args: Parameters<typeof write>) {
  const { killAt } = options
  if (++writes === killAt || (typeof killAt === 'string' && String(args[0]).includes(killAt)))
    process.kill(process.pid, 'SIGKILL')
  return write.apply(this, args)
} as typeof write

const run = quietRun()
if (process.argv[2] === 'prepare') await prepareDatabase({ ...options, dump: createReadStream(options.dumpFile), run })
else if (process.argv[2] === 'recover') await recoverDatabase({ ...options, run })
else await flipDatabase(process.argv[2] === 'forward' ? 'forward' : 'back', { ...options, run })
process.stderr.write(String(writes))
