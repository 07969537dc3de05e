import { lstatSync, readlinkSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { Failure, isErrno } from '../../base/failure.ts'
import { userName } from './owners.ts'

/** What is still to be walked: a name, or the end of a link that must lead to what its owner owns. */
type Step = string | { link: string; uid: number }

const linksMax = 40 // as the kernel

/**
 * The path without links, as `realpath` gives it, for places that Cairn reads and writes with its own rights. Who may write
 * to a site may make a link to anywhere, so a link is followed only where it belongs to root, to the user that Cairn runs
 * as, or to the owner of what it leads to: then it opens nothing that its maker could not open. What is given holds for the
 * moment; to be safe against a later exchange, the path is opened following no link (`openDirectory`).
 *
 * @throws {Failure} PREFLIGHT_REFUSED when a link of another leads to what is not theirs
 * @throws ENOENT, ENOTDIR, EACCES or ELOOP as `realpath` does
 */
export function resolveTrusted(path: string): string {
  const steps: Step[] = namesOf(resolve(path))
  let at = '/'
  let links = 0
  for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
    if (typeof step !== 'string') {
      requireSameOwner(step, at)
      continue
    }
    if (step === '..') {
      at = dirname(at)
      continue
    }
    const next = join(at, step)
    const before = lstatSync(next, { bigint: true })
    if (!before.isSymbolicLink()) {
      at = next
      continue
    }
    links += 1
    if (links > linksMax) throw Object.assign(new Error(`ELOOP: too many links, "${path}"`), { code: 'ELOOP' })
    const target = readlinkSync(next)
    const after = lstatSync(next, { bigint: true })
    if (after.ino !== before.ino || after.ctimeNs !== before.ctimeNs) throw exchanged(next)
    const uid = Number(before.uid)
    // an end of its own for each link: what follows behind it in the path may belong to anybody
    steps.unshift(...namesOf(target), ...(uid === 0 || uid === process.geteuid?.() ? [] : [{ link: next, uid }]))
    if (target.startsWith('/')) at = '/'
  }
  return at
}

/**
 * As `resolveTrusted`, null where nothing stands there.
 *
 * @throws {Failure} PREFLIGHT_REFUSED when a link of another leads to what is not theirs
 */
export function resolveTrustedOrNull(path: string): string | null {
  try {
    return resolveTrusted(path)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null
    throw error
  }
}

function requireSameOwner({ link, uid }: { link: string; uid: number }, target: string): void {
  const { uid: owner } = lstatSync(target)
  if (owner === uid) return
  throw new Failure(
    'PREFLIGHT_REFUSED',
    `Cannot follow the link "${link}": it belongs to ${shown(uid)}, and "${target}", where it leads, to ${shown(owner)}`,
    {
      hint: `Where the link is meant, give it to root or to the owner of what it leads to: chown -h ${shown(owner, true)} ${link}; else find out who made it`,
      retry: 'after-repair',
    },
  )
}

function exchanged(link: string): Failure {
  return new Failure('PREFLIGHT_REFUSED', `Cannot follow the link "${link}": it was exchanged meanwhile`, {
    hint: 'Run the command again when nothing changes the site',
    retry: 'later',
  })
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.')
}

function shown(uid: number, bare = false): string {
  const name = userName(uid)
  if (name === '') return String(uid)
  return bare ? name : `${name} (${uid})`
}
