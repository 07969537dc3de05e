import { Failure } from '../base/failure.ts'

/**
 * What wipes a live environment needs its name typed; a program gives it as `confirm`. Names other than `live` need none here:
 * the command line asks there.
 *
 * @throws {Failure} CONFIRMATION_NEEDED when the name is missing or another one
 */
export function requireConfirmation(site: string, environment: string, confirm: string | undefined): void {
  const wanted = `${site}.${environment}`
  if (confirm === wanted || (environment !== 'live' && confirm === undefined)) return
  const found = confirm === undefined ? 'its name was not confirmed' : `"${confirm}" was confirmed instead`
  throw new Failure('CONFIRMATION_NEEDED', `Cannot replace "${wanted}": ${found}`, {
    hint: `Restore to dev or test first; to go on, give --yes --confirm=${wanted}`,
  })
}
