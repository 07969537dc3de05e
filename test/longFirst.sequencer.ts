import { join } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The longest first, so that the end does not wait for one of them alone: the browser, then kills and load, then the rest of `test/`. */
const longest = ['dashboard/', 'load/', '']

export default class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const rank = ({ moduleId }: TestSpecification): number => {
      const index = longest.findIndex((folder) => moduleId.startsWith(join(import.meta.dirname, folder)))
      return index < 0 ? longest.length : index
    }
    return sorted.toSorted((a, b) => rank(a) - rank(b))
  }
}
