import { defineConfig } from 'vitest/config'

/** Three kinds of tests: `unit` needs nothing but Node, `real` needs MariaDB, PHP and the like, `e2e` drives bin/cairn. */
export default defineConfig({
  test: {
    // tests wait for disks and child processes more than they compute
    maxWorkers: 3,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts'],
          exclude: ['src/**/*.real.test.ts'],
          testTimeout: 120_000, // no test may fail because the machine does something else beside it
          hookTimeout: 120_000, // a state database starts in a second, on a machine that does nothing else
        },
      },
      {
        test: {
          name: 'real',
          include: ['src/**/*.real.test.ts', 'test/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
