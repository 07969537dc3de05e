// A process of its own that reads an archive as an import does, so that its memory can be measured: prints JSON.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openForeignFile } from '../../src/archive/foreign/openForeign.ts'
import { quietRun } from '../../src/base/run.ts'
import { startTestRepository } from '../../src/repository/testing.ts'
import { stopIdleThreads } from '../../src/workflows/capture/warmThreads.ts'
import { archivePart } from '../../src/workflows/intake/archivePart.ts'
import { storeArchive } from '../../src/workflows/intake/storeArchive.ts'

const [path = ''] = process.argv.slice(2)
const home = await startTestRepository()
const workDirectory = join(home.directory, 'work')
mkdirSync(workDirectory)
const { repository } = home
const session = await repository.openSession()
const file = await openForeignFile(path, 'archive')
const begin = performance.now()
const shared = { repository, session, codec: { name: 'zlib', level: 6 } as const, run: quietRun() }
const archive = await storeArchive({ ...shared, file, workDirectory })
const { manifest } = await archivePart({ ...shared, archive, element: 'files', root: 'files_dev', archivePrefix: 'files_dev/' })
const seconds = (performance.now() - begin) / 1000
archive.close()
await file.close()
await session.close()
await stopIdleThreads()
await home.stop()
const megabytes = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024
process.stdout.write(`${JSON.stringify({ seconds, megabytes, entries: manifest.entryCount, rawBytes: manifest.rawBytes })}\n`)
