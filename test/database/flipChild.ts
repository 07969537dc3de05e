// Plays or recovers a flip in a process of its own, which kills itself before its n-th write to a socket: at a random statement.
// Arguments: direction or "recover"; options as JSON on stdin; CAIRN_TEST_KILL_AT as n, 0 for never.
import { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { quietRun } from '../../src/base/run.ts'
import { flipDatabase, type FlipOptions } from '../../src/releases/database/flipDatabase.ts'
import { recoverDatabase } from '../../src/releases/database/recoverDatabase.ts'

const options = JSON.parse(await text(process.stdin)) as Omit<FlipOptions, 'run'> & { id: string; killAt: number }
let writes = 0
const write = Socket.prototype.write
Socket.prototype.write = function (this: Socket, ...args: Parameters<typeof write>) {
  if (++writes === options.killAt) process.kill(process.pid, 'SIGKILL')
  return write.apply(this, args)
} as typeof write

const run = quietRun()
if (process.argv[2] === 'recover') await recoverDatabase({ ...options, run })
else await flipDatabase(process.argv[2] === 'forward' ? 'forward' : 'back', { ...options, run })
process.stderr.write(String(writes))
