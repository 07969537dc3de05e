import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import LongFirst from './test/longFirst.sequencer.ts'
import { isSoak } from './test/soak.ts'

const setupFiles = (process.env['CAIRN_SEED'] ?? '') === '' ? [] : ['test/seed.setup.ts']
// As bin/cairn does: a thread of ours that compiles its TypeScript anew costs 250 ms of CPU, and tests start some thousands
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules/.cache/cairn-compiled')

/** What tests with full numbers need stands nowhere else */
const patient = (timeoutMs: number): number => (isSoak ? 6 * 3600_000 : timeoutMs)

/** Three kinds of tests: `unit` needs nothing but Node, `real` needs MariaDB, PHP and the like, `browser` needs Chromium too. */
export default defineConfig({
  test: {
    // tests wait for disks and child processes more than they compute
    maxWorkers: 3,
    sequence: { sequencer: LongFirst },
    expect: { poll: { timeout: 60_000 } },
    reporters: ['default', './test/tellAtOnce.reporter.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts'],
          exclude: ['src/**/*.real.test.ts'],
          isolate: false, // loading everything anew for each file is a fifth of what they take
          setupFiles,
          testTimeout: patient(120_000), // no test may fail because the machine does something else beside it
          hookTimeout: patient(120_000), // a state database starts in a second, on a machine that does nothing else
        },
      },
      {
        extends: true,
        test: {
          name: 'real',
          include: ['src/**/*.real.test.ts', 'test/**/*.test.ts'],
          exclude: ['test/dashboard/**'],
          setupFiles,
          testTimeout: patient(600_000),
          hookTimeout: patient(300_000),
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['test/dashboard/**/*.test.ts'],
          setupFiles,
          testTimeout: patient(600_000),
          hookTimeout: patient(300_000),
        },
      },
    ],
  },
})
