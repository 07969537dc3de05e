import { lstatSync } from 'node:fs'
import { dirname } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import type { Entry } from '../../archive/entry.ts'
import { stopIfCancelled } from '../../base/run.ts'
import { microseconds, modeOf, statOrNull } from '../../hosts/local/changes.ts'
import type { WalkedEntry } from '../../hosts/local/walk.ts'
import { type Ground, locate, shown } from './areas.ts'
import { type Decision, decide, isBelow } from './decide.ts'
import { assertMovable, type Current } from './movable.ts'
import { isSettable, ownerAbove, type Standing, standingOf, wantedMode } from './owners.ts'
import { openStage, stagePath } from './stage.ts'
import type { ApplyCounts, ApplyOptions, ApplyPart, ApplyPreview, ChangeKind, Detail, Move } from './types.ts'

/** Where a pass reads what is known already and writes what it finds. */
export interface PlanSink {
  known(part: number, current: WalkedEntry): boolean
  /** Moves of the pass before, by `area/path`, whose content is laid ready */
  staged: ReadonlyMap<string, Move>
  /** The work directory of an area, made when first asked for; null for a dry run */
  workOf: ((area: number) => number) | null
  write(line: { move: Move } | { detail: Detail }): void
  remember(part: number, current: WalkedEntry): void
}

const previewMax = 1000
const comparesAtOnce = 64

/** One pass over all parts: decisions become moves and details, in order. */
export async function buildPlan<E extends Entry>(
  options: Omit<ApplyOptions<E>, 'workName'>,
  ground: Ground,
  sink: PlanSink,
): Promise<ApplyPreview> {
  const pass = new Pass<E>(ground, sink)
  let breathedAt = performance.now()
  for (const [index, part] of options.parts.entries()) {
    const onWarning = (warning: { code: string; message: string; path: string }): void =>
      options.run.warn({ code: warning.code, element: null, message: warning.message, path: warning.path })
    const decisions = decide(part, ground, (current) => sink.known(index, current), onWarning)
    for await (const decision of ahead(decisions, comparesAtOnce)) {
      await pass.take(part, index, decision)
      if (performance.now() - breathedAt < 15) continue
      stopIfCancelled(options.run)
      options.run.progress({ doneItems: pass.seen, note: shown(decision.full) })
      await breathe()
      breathedAt = performance.now()
    }
    pass.leaveDirectories(null)
  }
  await pass.finish()
  return { counts: pass.counts, changes: pass.changes }
}

interface OpenDirectory {
  full: string
  path: Buffer
  current: WalkedEntry
  wanted: Entry | null
  touched: boolean
}

class Pass<E extends Entry> {
  readonly ground: Ground
  readonly sink: PlanSink
  readonly counts: ApplyCounts = {
    filesAdded: 0,
    filesChanged: 0,
    filesRemoved: 0,
    othersChanged: 0,
    metadataOnly: 0,
    unchanged: 0,
    bytesToWrite: 0,
    bytesRemoved: 0,
    notSettable: 0,
  }
  readonly changes: ApplyPreview['changes'] = []
  seen = 0
  readonly stage = openStage<E>()
  readonly standings: Standing[]
  /** Directories from the top down to the one being read */
  readonly stack: OpenDirectory[] = []
  readonly owners = new Set<string>()
  readonly rootParents: Set<string>
  readonly areaDetailed = new Set<number>()
  nextNumber: number
  /** The move that entries `inside` belong to, when it is being laid ready now */
  laying: { full: string } | null = null

  constructor(ground: Ground, sink: PlanSink) {
    this.ground = ground
    this.sink = sink
    this.standings = ground.areas.map((area) => standingOf(lstatSync(Buffer.from(area.directory, 'latin1')).uid))
    this.rootParents = new Set([...ground.roots].map((root) => dirname(root)))
    this.nextNumber = Math.max(0, ...[...sink.staged.values()].map((move) => move.number + 1))
  }

  async take(part: ApplyPart<E>, partIndex: number, decision: Decision<E>): Promise<void> {
    this.seen += 1
    const path = 'current' in decision ? decision.current.path : decision.wanted.path
    if (decision.kind !== 'inside') this.leaveDirectories(path)
    if ('current' in decision) this.owners.add(`${decision.current.uid}:${decision.current.gid}`)
    switch (decision.kind) {
      case 'matched': {
        const { current, wanted, full } = decision
        if (!(await decision.same)) return this.move(part, { kind: 'replaced', full, current, wanted }, path)
        if (current.kind === 'file' && decision.isSettled) this.sink.remember(partIndex, current)
        if (current.kind === 'directory') this.enter(full, current, wanted)
        else this.detailOf(full, current, wanted)
        return
      }
      case 'emptied':
        return this.enter(decision.full, decision.current, null)
      case 'inside':
        this.count('added', decision.wanted)
        this.detailOfFresh(decision.full, decision.wanted)
        if (this.laying?.full === decision.below)
          await this.stage.add(part, decision.full.slice(decision.below.length + 1), decision.wanted)
        return
      case 'added':
        this.detailOfFresh(decision.full, decision.wanted)
        return this.move(part, decision, path)
      default:
        return this.move(part, decision, path)
    }
  }

  private enter(full: string, current: WalkedEntry, wanted: Entry | null): void {
    this.stack.push({ full, path: current.path, current, wanted, touched: this.rootParents.has(full) })
  }

  private async move(
    part: ApplyPart<E>,
    decision: Extract<Decision<E>, { kind: 'added' | 'replaced' | 'removed' }>,
    path: Buffer,
  ): Promise<void> {
    const { full } = decision
    const { area, path: inside } = locate(this.ground.areas, full)
    const standing = this.standings[area] as Standing
    const current = decision.kind === 'added' ? this.unexpected(full) : currentOf(decision.current)
    const wanted = decision.kind === 'removed' ? null : decision.wanted
    this.tally(decision, path)
    const parent = this.stack.at(-1)
    if (parent !== undefined && parent.full === dirname(full)) parent.touched = true
    if (!standing.isRoot) assertMovable(standing, full, current)
    this.laying = null
    if (this.sink.workOf === null) return
    const before = wanted === null ? undefined : this.sink.staged.get(`${area}/${inside}`)
    const number = before?.number ?? this.nextNumber++
    const owner = current ?? parent?.current ?? ownerAbove(full)
    let freshMode = 0
    if (wanted !== null) {
      if (wanted.kind === 'directory') freshMode = wantedMode(standing, wanted, owner)
      if (before === undefined) {
        await this.stage.begin(part, stagePath(this.sink.workOf(area), number), wanted, {
          standing,
          owner,
          replaces: current !== null,
        })
        this.laying = { full }
      }
    }
    this.sink.workOf(area)
    const oldMode = current?.isDirectory === true ? current.mode : 0
    this.sink.write({ move: { number, area, path: inside, old: current !== null, fresh: wanted !== null, oldMode, freshMode } })
  }

  /** What stands where the walk showed nothing: a socket, a pipe, a device. */
  private unexpected(full: string): Current | null {
    const stat = statOrNull(Buffer.from(full, 'latin1'))
    return stat === null
      ? null
      : { uid: Number(stat.uid), gid: Number(stat.gid), mode: modeOf(stat), isDirectory: stat.isDirectory() }
  }

  /** A directory that comes in as a whole has its time already, unless a root of another part then comes into it. */
  private detailOfFresh(full: string, wanted: Entry): void {
    if (wanted.kind !== 'directory' || !this.rootParents.has(full)) return
    const { area, path } = locate(this.ground.areas, full)
    const mode = wantedMode(this.standings[area] as Standing, wanted, ownerAbove(full))
    this.sink.write({ detail: detail(area, path, 'directory', { mode, mtimeNs: wanted.mtimeNs }, mode, wanted.mtimeNs) })
  }

  private detailOf(full: string, current: WalkedEntry, wanted: Entry): void {
    const { area, path } = locate(this.ground.areas, full)
    const standing = this.standings[area] as Standing
    const newMode = current.kind === 'link' ? current.mode : wantedMode(standing, wanted, current)
    if (newMode === current.mode && microseconds(wanted.mtimeNs) === microseconds(current.mtimeNs)) {
      this.counts.unchanged += 1
      return
    }
    if (!isSettable(standing, current.uid)) {
      this.counts.notSettable += 1
      return
    }
    this.counts.metadataOnly += 1
    const isLink = current.kind === 'link'
    this.sink.write({ detail: detail(area, path, isLink ? 'link' : 'file', current, newMode, wanted.mtimeNs) })
  }

  /** Closes the directories that do not hold `path`; all of them for null. */
  leaveDirectories(path: Buffer | null): void {
    for (let last = this.stack.at(-1); last !== undefined; last = this.stack.at(-1)) {
      if (path !== null && isBelow(path, last.path)) return
      this.stack.pop()
      this.leave(last)
    }
  }

  private leave({ full, current, wanted, touched }: OpenDirectory): void {
    const { area, path } = locate(this.ground.areas, full)
    const standing = this.standings[area] as Standing
    // making our work directory gave the area's own directory another time
    const mtimeNs = path === '' ? BigInt(this.ground.areas[area]?.mtimeNs ?? current.mtimeNs) : current.mtimeNs
    const newMode = wanted === null ? current.mode : wantedMode(standing, wanted, current)
    const newMtimeNs = wanted === null ? mtimeNs : wanted.mtimeNs
    const isSame = newMode === current.mode && microseconds(newMtimeNs) === microseconds(mtimeNs)
    if (isSame) this.counts.unchanged += 1
    if (!isSettable(standing, current.uid)) {
      if (!isSame) this.counts.notSettable += 1
      return
    }
    if (isSame && !touched && path !== '') return
    if (!isSame) this.counts.metadataOnly += 1
    if (path === '') this.areaDetailed.add(area)
    this.sink.write({ detail: detail(area, path, 'directory', { ...current, mtimeNs }, newMode, newMtimeNs) })
  }

  async finish(): Promise<void> {
    for (const [index, area] of this.ground.areas.entries()) {
      const stat = statOrNull(Buffer.from(area.directory, 'latin1'))
      const standing = this.standings[index] as Standing
      if (this.areaDetailed.has(index) || stat === null || !isSettable(standing, Number(stat.uid))) continue
      const mtimeNs = BigInt(area.mtimeNs)
      this.sink.write({ detail: detail(index, '', 'directory', { mode: modeOf(stat), mtimeNs }, modeOf(stat), mtimeNs) })
    }
    await this.stage.finish(this.owners)
  }

  private tally(decision: Extract<Decision<E>, { kind: 'added' | 'replaced' | 'removed' }>, path: Buffer): void {
    if (decision.kind === 'removed') {
      this.counts.filesRemoved += decision.files
      this.counts.othersChanged += decision.others
      this.counts.bytesRemoved += decision.bytes
      this.note('removed', path)
    } else {
      this.count(decision.kind === 'added' ? 'added' : 'changed', decision.wanted)
      if (decision.kind === 'replaced') this.counts.bytesRemoved += decision.current.sizeBytes
    }
  }

  private count(change: 'added' | 'changed', entry: Entry): void {
    if (entry.kind !== 'file') this.counts.othersChanged += 1
    else if (change === 'added') this.counts.filesAdded += 1
    else this.counts.filesChanged += 1
    this.counts.bytesToWrite += entry.sizeBytes
    this.note(change, entry.path)
  }

  private note(change: ChangeKind, path: Buffer): void {
    if (this.changes.length < previewMax) this.changes.push({ change, path: path.toString() })
  }
}

function currentOf(entry: WalkedEntry): Current {
  return { uid: entry.uid, gid: entry.gid, mode: entry.mode, isDirectory: entry.kind === 'directory' }
}

function detail(
  area: number,
  path: string,
  kind: Entry['kind'],
  current: { mode: number; mtimeNs: bigint },
  newMode: number,
  newMtimeNs: bigint,
): Detail {
  return {
    area,
    path,
    isDirectory: kind === 'directory',
    isLink: kind === 'link',
    oldMode: current.mode,
    newMode,
    oldMtimeNs: String(current.mtimeNs),
    newMtimeNs: String(newMtimeNs),
  }
}

/** Reads up to `count` items ahead, so that the promises they carry run side by side; order is kept. */
async function* ahead<E extends Entry>(items: AsyncIterable<Decision<E>>, count: number): AsyncGenerator<Decision<E>> {
  const waiting: Decision<E>[] = []
  for await (const item of items) {
    // a refusal is thrown where the item is taken; an item that is never taken must not end the process
    if (item.kind === 'matched' && typeof item.same !== 'boolean') item.same.catch(() => {})
    waiting.push(item)
    if (waiting.length < count) continue
    yield waiting.shift() as Decision<E>
  }
  yield* waiting
}
