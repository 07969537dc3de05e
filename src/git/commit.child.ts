// A process of crash.test.ts that commits for ever, until it is killed.
import { randomBytes } from 'node:crypto'
import { type CommitEntry, commitTree } from './commitTree.ts'

async function* endless(): AsyncGenerator<CommitEntry> {
  for (let i = 0; ; i += 1) {
    const bytes = randomBytes(200_000)
    const body = (async function* () {
      yield bytes
    })()
    yield { path: Buffer.from(`file-${i}`), kind: 'file', mode: 0o644, sizeBytes: bytes.length, target: Buffer.alloc(0), body }
    if (i === 5) process.stdout.write('begun\n')
  }
}

const author = { name: 'A', email: 'a@example.org', at: new Date() }
await commitTree({ directory: process.argv[2] as string }, { entries: endless(), message: 'never', author })
