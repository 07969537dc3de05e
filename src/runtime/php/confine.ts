import { runChild } from '../../base/spawn.ts'

export interface Walls {
  uid: number
  gid: number
  /** setuid programs give nothing; not where mail is sent: postdrop and exim need it */
  noNewPrivileges: boolean
  /** The group that says whose processes these are, also where no namespace does: see `markOf` */
  mark: number
  /** Nothing but unix sockets can be reached; only in a namespace */
  noNetwork?: boolean
}

/** How many processes and threads one environment may have. Its user id is its own, so the kernel counts nobody else's. */
const processesMax = 512

/**
 * The command that runs a program as an environment's user: no group that opens anything, no capability, no way to become anybody else. Where the
 * machine allows it (`hasNamespaces`), in a process namespace of its own: the program sees no process but its own, and when it
 * or Cairn dies the kernel ends everything that it started, whatever it did to get away: all but what `unshare` had forked and
 * not yet bound to itself when it was killed, which only the mark finds.
 */
export function confine(program: string, args: readonly string[], walls: Walls, hasNamespaces: boolean): [string, string[]] {
  const { uid, gid, mark, noNewPrivileges, noNetwork = false } = walls
  const chain = [
    ...(hasNamespaces ? ['unshare', ...namespaceFlags, ...(noNetwork ? ['--net'] : []), '--'] : []),
    ...['prlimit', `--nproc=${processesMax}`, '--core=0', '--'],
    ...['setpriv', '--reuid', String(uid), '--regid', String(gid)],
    ...['--groups', String(mark)],
    ...['--inh-caps=-all', '--bounding-set=-all', ...(noNewPrivileges ? ['--no-new-privs'] : []), '--'],
    // the kernel forgets the death signal when the user changes
    ...['setpriv', '--pdeathsig', hasNamespaces ? 'KILL' : 'TERM', '--'],
    ...[program, ...args],
  ]
  const [command = program, ...rest] = chain
  return [command, rest]
}

const namespaceFlags = ['--pid', '--fork', '--kill-child', '--mount-proc']

/** False in most containers: there the user id alone is the wall, and what PHP starts is found again by its mark. */
export async function canUseNamespaces(): Promise<boolean> {
  const { code } = await runChild('unshare', [...namespaceFlags, '--net', '--', 'true'], { allow: [0, 1, 2, 126, 127] })
  return code === 0
}
