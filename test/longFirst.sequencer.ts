import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The files under `test/` are the long ones: they begin first, so that the end does not wait for one of them alone. */
export default class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isLong = ({ moduleId }: TestSpecification): boolean => moduleId.startsWith(import.meta.dirname)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}
