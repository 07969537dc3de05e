// Starts PostgreSQL and says where it is, for the tests that kill it or run it as another user: argv holds the options as JSON.
import { startPostgres } from './start.ts'

const options = JSON.parse(process.argv[2] ?? '{}') as { dataDirectory: string; stopAfter?: boolean; fsync?: string }
const settings = { fsync: options.fsync ?? 'on', shared_buffers: '16MB' }
const postgres = await startPostgres({ dataDirectory: options.dataDirectory, log: () => {}, settings, walSegmentMb: 1 })
const { socketDirectory, port, pid } = postgres
process.stdout.write(`${JSON.stringify({ socketDirectory, port, pid, uid: process.getuid?.() })}\n`)
if (options.stopAfter === true) await postgres.stop()
