// Takes a lock again and again and says so in a log, in a process that a test can kill: argv holds the file of the lock and the log.
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { takeKernelLock } from './kernelLock.ts'

const [, , path = '', log = '', rounds = '0'] = process.argv
for (let i = 0; i < Number(rounds); i += 1) {
  const lock = await takeKernelLock(path, 60_000)
  if (lock === null) throw new Error('no lock in a minute')
  appendFileSync(log, `enter ${process.pid}\n`)
  await sleep(Math.random() * 10)
  appendFileSync(log, `leave ${process.pid}\n`)
  await lock.release()
}
