import { closeSync } from 'node:fs'
import { comparePaths, type Entry } from '../../archive/entry.ts'
import { Failure } from '../../base/failure.ts'
import { spaceFailure } from '../../base/files.ts'
import { stopIfCancelled } from '../../base/run.ts'
import { mountIdOf } from '../../hosts/local/mounts.ts'
import type { WalkedEntry } from '../../hosts/local/walk.ts'
import { type Area, findGround, type Ground, locate, shown } from './areas.ts'
import { buildPlan } from './plan.ts'
import { homeOf, type Journal, openJournal, openWorkDirectory, readLines, syncDisk, writeLines } from './journal.ts'
import type { ApplyOptions, ApplyPlan, ApplyPreview, Move } from './types.ts'
import { makeWorkDirectory } from './work.ts'

/**
 * Compares trees with what is wanted, lays everything that differs ready in work directories, and writes the plan. Nothing
 * of the site is changed. After a crash `recoverApply` removes what was made; then it may be called again.
 *
 * Content is compared by `sameContent`, never by size and time. Memory grows with the changes, not with the tree.
 *
 * @throws {Failure} PREFLIGHT_REFUSED, APPLY_CONFLICT, SPACE_LACKING
 */
export async function prepareApply<E extends Entry>(options: ApplyOptions<E>): Promise<ApplyPlan> {
  const ground = groundOf(options)
  const [first] = ground.areas
  if (first === undefined) throw new Error('an apply needs at least one root')
  const home = homeOf(first, options.workName)
  makeWorkDirectory(first, options.workName)
  const journal = openJournal(home)
  try {
    journal.setAreas(ground.areas)
    const preview = await runPass(options, ground, journal, new Map())
    journal.setState('prepared')
    return { home, ...preview }
  } catch (error) {
    throw spaceFailure(error, shown(first.directory))
  } finally {
    journal.close()
  }
}

/**
 * Compares again, for the moment behind maintenance: files that were equal are known by inode and ctime, what was laid ready
 * is used again, and only what the site changed meanwhile is fetched anew. Replaces the plan.
 */
export async function refreshApply<E extends Entry>(options: ApplyOptions<E>, plan: Pick<ApplyPlan, 'home'>): Promise<ApplyPlan> {
  const journal = openJournal(plan.home)
  try {
    if (journal.state() !== 'prepared') throw new Error(`an apply in state ${journal.state()} cannot be refreshed`)
    const ground = { ...groundOf(options), areas: journal.areas() }
    assertSameMounts(ground.areas, groundOf(options).areas)
    const staged = new Map<string, Move>()
    for (const move of journal.readPlan().moves) if (move.fresh) staged.set(`${move.area}/${move.path}`, move)
    return { home: plan.home, ...(await runPass(options, ground, journal, staged)) }
  } finally {
    journal.close()
  }
}

/** What an apply would change. Touches nothing. */
export async function previewApply<E extends Entry>(options: Omit<ApplyOptions<E>, 'workName'>): Promise<ApplyPreview> {
  return buildPlan(options, groundOf(options), {
    known: () => false,
    staged: new Map(),
    workOf: null,
    write: () => {},
    remember: () => {},
  })
}

function groundOf<E extends Entry>(options: Omit<ApplyOptions<E>, 'workName'>): Ground {
  return findGround(options.parts.flatMap((part) => [...part.roots]))
}

async function runPass<E extends Entry>(
  options: ApplyOptions<E>,
  ground: Ground,
  journal: Journal,
  staged: Map<string, Move>,
): Promise<ApplyPreview> {
  const works = new Map<number, number>()
  const workOf = (index: number): number => {
    const known = works.get(index)
    if (known !== undefined) return known
    const area = ground.areas[index] as Area
    const directory = Buffer.from(area.directory, 'latin1')
    let fd = openWorkDirectory(directory, options.workName)
    if (fd === null) {
      makeWorkDirectory(area, options.workName)
      fd = openWorkDirectory(directory, options.workName)
    }
    if (fd === null) throw new Failure('APPLY_CONFLICT', `Cannot use "${shown(area.directory)}": the work directory vanished`)
    works.set(index, fd)
    return fd
  }
  const plan = writeLines(journal, 'plan')
  const seen = writeLines(journal, 'seen')
  const known = seenCursor(journal)
  try {
    const preview = await buildPlan(options, ground, {
      known,
      staged,
      workOf,
      write: (line) => plan.write(line),
      remember: (part, current) =>
        seen.write([part, current.path.toString('latin1'), String(current.ino), String(current.ctimeNs)]),
    })
    stopIfCancelled(options.run)
    const sync = options.syncDisk ?? syncDisk
    for (const index of works.keys()) await sync(homeOf(ground.areas[index] as Area, options.workName))
    seen.finish()
    plan.finish()
    return preview
  } finally {
    plan.abandon()
    seen.abandon()
    for (const fd of works.values()) closeSync(fd)
  }
}

/** Knows the files that the pass before found equal, reading along in the order of the walk. */
function seenCursor(journal: Journal): (part: number, current: WalkedEntry) => boolean {
  const lines = readLines(journal.at('seen')) as Generator<[number, string, string, string], void>
  let step = lines.next()
  return (part, current) => {
    while (step.done !== true) {
      const [seenPart, path, ino, ctimeNs] = step.value
      const order = seenPart - part || comparePaths(Buffer.from(path, 'latin1'), current.path)
      if (order > 0) return false
      if (order === 0) return ino === String(current.ino) && ctimeNs === String(current.ctimeNs)
      step = lines.next()
    }
    return false
  }
}

function assertSameMounts(planned: readonly Area[], now: readonly Area[]): void {
  for (const area of now) {
    const holder = planned[locate(planned, area.directory).area]
    const isSame =
      holder !== undefined &&
      mountIdOf(Buffer.from(holder.directory, 'latin1')) === mountIdOf(Buffer.from(area.directory, 'latin1'))
    if (!isSame)
      throw new Failure('APPLY_CONFLICT', `Cannot go on: "${shown(area.directory)}" was mounted after the plan was made`, {
        retry: 'later',
      })
  }
}
