// Takes and proves one backup in a process that has all of the server's code loaded; tells the most memory that it ever held.
import { quietRun } from '../../src/base/run.ts'
import { proveArchive } from '../../src/workflows/backup/prove.ts'
import { startServer } from '../../src/server/startServer.ts'
import { stopIdleThreads } from '../../src/workflows/capture/warmThreads.ts'
import { openOrders } from './children.ts'
import { takeTree, zlib6 } from './takeBackup.ts'

if (typeof startServer !== 'function') throw new Error('the server is not loaded')
const { orders, state, repository } = await openOrders()
const { manifest } = await takeTree({ repository, tree: orders.tree ?? '', codec: zlib6 })
const captured = process.resourceUsage().maxRSS * 1024
await stopIdleThreads()
await proveArchive(repository, manifest, quietRun())
await state.close()
console.log(JSON.stringify({ captured, peak: process.resourceUsage().maxRSS * 1024 }))
