import { Failure } from '../../base/failure.ts'
import { runChild } from '../../base/spawn.ts'
import { findProgram } from '../findProgram.ts'

export interface Fpm {
  program: string
  /** Such as `8.2.36` */
  version: string
}

/** @throws {Failure} RUNTIME_OFF: not root, or no PHP-FPM on this machine */
export async function findFpm(): Promise<Fpm> {
  requireRoot()
  const program = findProgram(/^php-fpm[0-9.]*$/)
  if (program === null)
    throw new Failure('RUNTIME_OFF', 'Cannot run managed sites: PHP-FPM is not installed', {
      hint: 'Install it with the extensions of your sites (Debian and Ubuntu: apt-get install php-fpm php-mysql php-xml php-gd)',
      retry: 'after-repair',
    })
  const { stdout } = await runChild(program, ['-v'])
  const version = /^PHP (\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? 'unknown'
  return { program, version }
}

/**
 * PHP for the command line, of the version of FPM where there is one.
 *
 * @throws {Failure} RUNTIME_OFF
 */
export function findCli({ version }: Fpm): string {
  const [major = '', minor = ''] = version.split('.')
  const program = findProgram(new RegExp(`^php${major}\\.?${minor}$`)) ?? findProgram(/^php$/)
  if (program !== null) return program
  throw new Failure('RUNTIME_OFF', 'Cannot run programs of a site: PHP for the command line is not installed', {
    hint: 'Install it (Debian and Ubuntu: apt-get install php-cli)',
    retry: 'after-repair',
  })
}

/** PHP of a site never runs as the user that Cairn runs as, and only root can run it as another. */
function requireRoot(): void {
  if (process.getuid?.() === 0) return
  throw new Failure('RUNTIME_OFF', `Cannot run managed sites: Cairn runs as user ${process.getuid?.()}, not as root`, {
    hint: "Start the server as root: each environment then gets a user id of its own, which cannot read Cairn's files",
    retry: 'after-repair',
  })
}
