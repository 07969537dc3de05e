import { readConfiguration } from './configuration.ts'
import { reportFailure } from './reportFailure.ts'
import { serve } from './serve.ts'

/** `cairn server`: runs until it is told to stop (SIGTERM, SIGINT), then gives the exit code. */
export async function serverMain(flags: string[]): Promise<number> {
  try {
    await serve(readConfiguration(flags))
    return 0
  } catch (error) {
    return reportFailure(error)
  }
}
