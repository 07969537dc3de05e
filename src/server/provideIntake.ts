import type { Logger } from 'pino'
import { Failure } from '../base/failure.ts'
import { type Intake, openIntake } from '../intake/intake.ts'
import { openUploadDesk, type UploadDesk } from '../intake/uploads/desk.ts'
import { sweepIntake } from '../intake/uploads/sweep.ts'

const sweepEveryMs = 600_000

/** Opens the directory for what comes in, without what a killed server left there, and from then on removes what is overdue. */
export async function provideIntake(
  options: Intake,
  log: Pick<Logger, 'warn'>,
): Promise<{ intake: Intake; uploads: UploadDesk; stop(): Promise<void> }> {
  const intake = openIntake(options)
  await sweepIntake(intake, { atStart: true })
  let under: Promise<unknown> | null = null
  const timer = setInterval(() => {
    under ??= sweepIntake(intake, { atStart: false })
      .catch((error: unknown) => log.warn(error instanceof Failure ? error.message : error, 'overdue uploads were not removed'))
      .finally(() => (under = null))
  }, sweepEveryMs)
  timer.unref()
  const stop = async (): Promise<void> => {
    clearInterval(timer)
    await under
  }
  return { intake, uploads: openUploadDesk(intake), stop }
}
