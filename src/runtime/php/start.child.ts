import { openPhpRuntime } from './openPhpRuntime.ts'

/** Starts the PHP of an environment in a process that a test can kill: argv holds the options and the place as JSON. */
const { directory, useNamespaces, place } = JSON.parse(process.argv[2] ?? '')
const runtime = await openPhpRuntime({ directory, useNamespaces, log: () => {} })
await runtime.forEnvironment(place).start()
process.stdout.write('started\n')
setInterval(() => {}, 60_000)
