import { statfs } from 'node:fs/promises'
import { Failure } from '../base/failure.ts'
import type { Intake } from './intake.ts'

/** Left free on the disk that takes files in: the state database may stand on the same one. */
const reserveBytes = 512 << 20

export function sizeText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}

/** @throws {Failure} UPLOAD_TOO_LARGE with size, limit and the ways that have none */
export function requireBelowLimit(intake: Pick<Intake, 'limitBytes'>, sizeBytes: number, what: string): void {
  const { limitBytes } = intake
  if (limitBytes === null || sizeBytes <= limitBytes) return
  throw new Failure(
    'UPLOAD_TOO_LARGE',
    `Cannot take ${what}: it has ${sizeText(sizeBytes)}, and this installation takes up to ${sizeText(limitBytes)}`,
    {
      hint: 'Without a limit: code by git push, files and database from a directory on the server (docs/manual-import.md says how), or a link of this Cairn. The administrator raises the limit with uploadLimit (CAIRN_UPLOAD_LIMIT)',
      details: { sizeBytes, limitBytes },
    },
  )
}

/** @throws {Failure} SPACE_LACKING when the disk would have less than its reserve left */
export async function requireRoom(directory: string, moreBytes: number, what: string): Promise<void> {
  const { bavail, bsize } = await statfs(directory)
  const freeBytes = bavail * bsize
  if (freeBytes >= moreBytes + reserveBytes) return
  throw new Failure(
    'SPACE_LACKING',
    `Cannot take ${what}: it needs ${sizeText(moreBytes)}, ${sizeText(freeBytes)} are free where uploads are kept, and ${sizeText(reserveBytes)} stay free`,
    {
      hint: 'Free space on the disk of the data directory and try again',
      retry: 'after-repair',
      details: { moreBytes, freeBytes },
    },
  )
}
