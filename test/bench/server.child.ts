// A server in a process of its own, from the JavaScript that is measured.
import { serverMain } from '../../src/server/main.ts'

process.exitCode = await serverMain(process.argv.slice(2))
