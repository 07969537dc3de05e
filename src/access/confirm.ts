import { Failure } from '../base/failure.ts'

/** How a refusal words what was asked for */
export interface Wording {
  /** @default {replace} */
  verb?: string
  /** What is better done first */
  advice?: string
}

/**
 * What changes a live environment needs its name typed; a program gives it as `confirm`. Names other than `live` need none here:
 * the command line asks there.
 *
 * @throws {Failure} CONFIRMATION_NEEDED when the name is missing or another one
 */
export function requireConfirmation(
  site: string,
  environment: string,
  confirm: string | undefined,
  { verb = 'replace', advice = 'Look at what a dry run says first' }: Wording = {},
): void {
  const wanted = `${site}.${environment}`
  if (confirm === undefined && environment !== 'live') return
  refuseOther(wanted, confirm, `${advice}; to go on, give --yes --confirm=${wanted}`, verb)
}

/**
 * What cannot be taken back, or takes all there is, needs its name typed everywhere.
 *
 * @throws {Failure} CONFIRMATION_NEEDED when the name is missing or another one
 */
export function requireTypedName(wanted: string, confirm: string | undefined, verb: string): void {
  refuseOther(wanted, confirm, `To go on, give --yes --confirm=${wanted}`, verb)
}

function refuseOther(wanted: string, confirm: string | undefined, hint: string, verb: string): void {
  if (confirm === wanted) return
  const found = confirm === undefined ? 'its name was not confirmed' : `"${confirm}" was confirmed instead`
  throw new Failure('CONFIRMATION_NEEDED', `Cannot ${verb} "${wanted}": ${found}`, { hint })
}
