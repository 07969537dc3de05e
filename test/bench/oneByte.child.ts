// Reads one byte of a large archive in a process that has read nothing yet: how long, and how much memory it takes.
import { openArchive } from '../../src/repository/archiveOut.ts'
import { unpackChunkRef } from '../../src/repository/chunkRef.ts'
import { openOrders } from './children.ts'

const { orders, state, repository } = await openOrders()
const { manifest, at } = orders.read ?? { manifest: '', at: 0 }
globalThis.gc?.()
const rss = process.memoryUsage.rss()
const begin = performance.now()
const archive = openArchive(repository, await repository.loadManifest(unpackChunkRef(Buffer.from(manifest, 'hex'))))
let bytes = 0
for await (const part of archive.read({ start: at, endInclusive: at })) bytes += part.length
const ms = performance.now() - begin
const megabytes = (process.memoryUsage.rss() - rss) / 1e6
if (bytes !== 1) throw new Error(`the read gave ${bytes} bytes`)
await state.close()
console.log(JSON.stringify({ ms, megabytes }))
