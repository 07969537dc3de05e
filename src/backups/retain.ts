/** Decisions about keeping, without any effect. */

export const recallDays = 7
/** A backup that is recalled or unlocked after its expiry is kept at least so long from then on. */
export const graceDays = 30
const dayMs = 86_400_000

export interface Kept {
  expiresAt: Date | null
  deletedAt: Date | null
  locked: boolean
}

/** shown: listed and offered; hidden: expired or deleted, can be recalled until then; gone: belongs to the sweep. */
export type Visibility =
  | { kind: 'shown' }
  | { kind: 'hidden'; why: 'deleted' | 'expired'; since: Date; recallUntil: Date }
  | { kind: 'gone' }

/** A lock keeps a backup past its expiry. */
export function visibility(kept: Kept, now: Date): Visibility {
  const expired = kept.expiresAt !== null && kept.expiresAt <= now && !kept.locked
  const since = kept.deletedAt ?? (expired ? kept.expiresAt : null)
  if (since === null) return { kind: 'shown' }
  const recallUntil = addDays(since, recallDays)
  if (recallUntil <= now) return { kind: 'gone' }
  return { kind: 'hidden', why: kept.deletedAt === null ? 'expired' : 'deleted', since, recallUntil }
}

/** The expiry after a recall or an unlock: never one that would hide the backup again within the grace time. */
export function graceExpiry(expiresAt: Date | null, now: Date): Date | null {
  const least = addDays(now, graceDays)
  return expiresAt === null || expiresAt > now ? expiresAt : least
}

/** Null keeps for ever. */
export function expiryAfter(from: Date, keepForDays: number | null): Date | null {
  return keepForDays === null ? null : addDays(from, keepForDays)
}

export function addDays(from: Date, days: number): Date {
  return new Date(from.getTime() + days * dayMs)
}
