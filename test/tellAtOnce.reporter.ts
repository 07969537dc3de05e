import type { Reporter, TestCase } from 'vitest/node'

/** Prints why a test failed when it fails: the summary comes minutes later, or never when the run is interrupted. */
export default class TellAtOnce implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const { state, errors } = test.result()
    if (state !== 'failed') return
    for (const error of errors)
      console.error(
        `FAILED: ${test.module.relativeModuleId} > ${test.fullName}\n${error.stack ?? error.message}\n${error.diff ?? ''}`,
      )
  }
}
