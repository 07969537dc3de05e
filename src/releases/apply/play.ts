import { closeSync } from 'node:fs'
import { setImmediate as breathe } from 'node:timers/promises'
import { Failure, isErrno } from '../../base/failure.ts'
import { type Run, quietRun } from '../../base/run.ts'
import {
  makeDirectory,
  makeFile,
  modeOf,
  removeFile,
  renameEntry,
  setMode,
  setMtime,
  setOwner,
  statOrNull,
} from '../../hosts/local/changes.ts'
import { handlePath, type HandleTree, openHandleTree, splitLast, splitPath } from '../../hosts/local/handles.ts'
import { joinBytes } from '../../hosts/local/walk.ts'
import { type Area, shown } from './areas.ts'
import { homeOf, type Journal, openJournal, openWorkDirectory, syncDisk } from './journal.ts'
import type { Detail, Move } from './types.ts'

export interface PlayOptions {
  run?: Run
  syncDisk?: (directory: string) => Promise<void>
}

/**
 * Makes the site what the plan says: from `prepared` or `undone` on, and from the middle after a crash. Nothing is
 * overwritten: what stands in the way joins the undo set. A parent that became a link or vanished is set aside and made anew,
 * with a warning. Cannot be cancelled.
 */
export async function playForward(home: string, options: PlayOptions = {}): Promise<void> {
  await play(home, true, options)
}

/** The way back: the same with the sides exchanged. What was installed stands ready for another `playForward`. */
export async function playBack(home: string, options: PlayOptions = {}): Promise<void> {
  await play(home, false, options)
}

async function play(home: string, forward: boolean, options: PlayOptions): Promise<void> {
  const journal = openJournal(home)
  try {
    const state = journal.state()
    if (!forward && state === 'prepared') return
    if (state === (forward ? 'done' : 'undone')) return setOwnTimes(journal, forward, options)
    if (state === null || state === 'dropping') {
      throw new Failure(
        'UNDO_MISSING',
        `Cannot play the plan in "${home}": it is ${state === null ? 'not whole' : 'being deleted'}`,
      )
    }
    const { moves, details } = journal.readPlan()
    const used = new Set([0, ...moves.map((move) => move.area)])
    const fields = openFields(journal, used)
    try {
      const player = new Player(fields, forward, options.run ?? quietRun())
      if (state === 'done' || state === 'undone') player.addMarks(moves)
      journal.setState(forward ? 'forward' : 'back')
      player.unlock(details)
      await player.moveAll(forward ? moves : moves.toReversed())
      player.setDetails(details)
    } finally {
      for (const field of fields.values()) field.close()
    }
    const sync = options.syncDisk ?? syncDisk
    for (const index of used) await sync(homeOf(journal.areas()[index] as Area, journal.workName))
    journal.setState(forward ? 'done' : 'undone')
  } finally {
    journal.close()
  }
}

/**
 * What was played is played again only after a crash, which may have come just as a file that holds requests came or went: the
 * directories of the areas have lost their time then.
 */
function setOwnTimes(journal: Journal, forward: boolean, { run = quietRun() }: PlayOptions): void {
  if (journal.areas().some(({ directory }) => statOrNull(Buffer.from(directory, 'latin1'))?.isDirectory() !== true)) return
  const fields = openFields(journal, new Set())
  try {
    const { details } = journal.readPlan()
    new Player(fields, forward, run).setDetails(details.filter(({ path }) => path === ''))
  } finally {
    for (const field of fields.values()) field.close()
  }
}

/** Where the entry of one side of a move is kept, and what stands there instead when there was none. */
interface Slot {
  entry: Buffer
  mark: Buffer
  isFilled(): boolean
}

/** One area while it is played: the tree and its work directory, both by handle. */
interface Field {
  tree: HandleTree
  work(name: string): Buffer
  directory: string
  close(): void
}

function openFields(journal: Journal, used: ReadonlySet<number>): Map<number, Field> {
  const fields = new Map<number, Field>()
  for (const [index, area] of journal.areas().entries()) {
    const directory = Buffer.from(area.directory, 'latin1')
    const work = used.has(index) ? openWorkDirectory(directory, journal.workName) : null
    if (work === null && used.has(index)) {
      throw new Failure('UNDO_MISSING', `Cannot play the plan: the work directory in "${shown(area.directory)}" is gone`)
    }
    const tree = openHandleTree(directory)
    fields.set(index, {
      tree,
      directory: area.directory,
      work: (name) => handlePath(work ?? -1, name),
      close() {
        tree.close()
        if (work !== null) closeSync(work)
      },
    })
  }
  return fields
}

class Player {
  readonly fields: Map<number, Field>
  readonly forward: boolean
  readonly run: Run
  readonly uid = process.geteuid?.() ?? 0

  constructor(fields: Map<number, Field>, forward: boolean, run: Run) {
    this.fields = fields
    this.forward = forward
    this.run = run
  }

  /** Gives an ordinary owner the right to change his own directories, from the top down. */
  unlock(details: readonly Detail[]): void {
    if (this.uid === 0) return
    const directories = details.filter((detail) => detail.isDirectory).sort((a, b) => a.path.length - b.path.length)
    for (const detail of directories) {
      const path = this.find(detail)
      const stat = path === null ? null : statOrNull(path)
      if (path === null || stat === null || !stat.isDirectory() || Number(stat.uid) !== this.uid) continue
      if ((stat.mode & 0o300n) !== 0o300n) setMode(path, modeOf(stat) | 0o700)
    }
  }

  async moveAll(moves: readonly Move[]): Promise<void> {
    let breathedAt = performance.now()
    for (const [index, move] of moves.entries()) {
      try {
        this.moveOne(move)
      } catch (error) {
        throw wordMove(error, this.field(move), move)
      }
      if (performance.now() - breathedAt < 15) continue
      this.run.progress({ doneItems: index + 1, totalItems: moves.length })
      await breathe()
      breathedAt = performance.now()
    }
  }

  /**
   * Out goes what is there, in comes what shall be; each half is skipped when the disk shows that it was done.
   *
   * A move has two slots: what comes in waits in one (forward `in/N`, back `out/N`), what goes out is kept in the other. A slot
   * is filled when it holds the entry, or the mark `N.none` for "there was nothing". First the slot of what goes out is filled,
   * then the other one is emptied: by a rename, or by removing its mark. Each is one call to the kernel, so that before and
   * after each of them the two slots alone tell where this move stands. What stands at the place is never asked for that: the
   * site may delete it and make it anew whenever it likes.
   *
   *     comes in   went out   so
   *     filled     empty      not begun: both halves
   *     filled     filled     the first half is done: what stands at the place came since
   *     empty      filled     done, or (seen from the other direction) not begun there: nothing to do
   *     empty      empty      never, where the plan has both halves: see below
   *
   * The other direction exchanges the columns, and each row then has the answer that takes its half back. So it may turn round
   * anywhere.
   *
   * A half that the plan lacks has no mark, for the sake of the many moves that only add: with one half there is nothing to
   * take for something else. Only comes in: an empty slot says that it did. Only goes out: whatever stands there while the slot
   * is empty goes out, once. If a file stands where the plan knew of none, it goes into the empty `out/N`, and from then on the
   * move has both halves on its way back, marks included.
   *
   * Both empty: the version before left no marks. From an end of the play `addMarks` knows what that means. In the middle it
   * is either the entry that came in where nothing went out, or the one that shall go out and is followed by nothing. To take
   * the first for the second loses a file, the other way round one stays that should go: so what stands there stays.
   *
   * Done with nothing to come in, and yet something stands there: the site made it after this half, or before a direction
   * that never came so far. It is not in the plan of either side, and stays.
   */
  private moveOne(move: Move): void {
    const field = this.field(move)
    const { forward } = this
    const incoming = this.slot(move, forward ? 'in' : 'out')
    const outgoing = this.slot(move, forward ? 'out' : 'in')
    const goesOut = forward ? move.old : move.fresh
    // in `in/` may lie what a pass before laid ready under this number: there only the plan counts
    const comesIn = forward ? move.fresh : move.old || incoming.isFilled()
    const outMode = forward ? move.oldMode : move.freshMode
    const inMode = forward ? move.freshMode : move.oldMode
    const isOut = outgoing.isFilled()
    const isIn = comesIn && !incoming.isFilled()

    if ((goesOut || forward) && !isOut && !isIn) {
      const went = this.takeOut(move, field, outgoing.entry, outMode)
      if (went && !goesOut) this.warn('ENTRY_SET_ASIDE', move, setAside)
      if (!went && goesOut && comesIn) makeFile(outgoing.mark)
    } else if (goesOut) {
      this.relock(outgoing.entry, outMode)
    }
    if (comesIn && !isIn) {
      if (statOrNull(incoming.entry) === null) {
        removeFile(incoming.mark)
        return
      }
      let place = this.findOrMend(move, field)
      if (statOrNull(place) !== null) {
        this.setAside(place, field, move)
        place = this.findOrMend(move, field)
      }
      this.rename(field, incoming.entry, place, inMode)
    } else if (comesIn) {
      const place = this.find(move)
      if (place !== null) this.relock(place, inMode)
    }
  }

  /** False where nothing stands there to go out, or no longer. */
  private takeOut(move: Move, field: Field, to: Buffer, mode: number): boolean {
    const place = this.find(move)
    if (place === null || statOrNull(place) === null) return false
    try {
      this.rename(field, place, to, mode)
    } catch (error) {
      if (isErrno(error, 'ENOENT') && statOrNull(to) === null && statOrNull(place) === null) return false
      throw error
    }
    return true
  }

  private slot(move: Move, side: 'in' | 'out'): Slot {
    const field = this.field(move)
    const entry = field.work(`${side}/${move.number}`)
    const mark = field.work(`${side}/${move.number}.none`)
    return { entry, mark, isFilled: () => statOrNull(entry) !== null || statOrNull(mark) !== null }
  }

  /**
   * Before a play that begins at an end of the one before: the version before left no mark where nothing had gone out. There
   * nothing comes in now.
   */
  addMarks(moves: readonly Move[]): void {
    for (const move of moves) {
      if (!move.old || !move.fresh) continue
      const incoming = this.slot(move, this.forward ? 'in' : 'out')
      if (incoming.isFilled() || this.slot(move, this.forward ? 'out' : 'in').isFilled()) continue
      try {
        makeFile(incoming.mark)
      } catch (error) {
        throw wordMove(error, this.field(move), move)
      }
    }
  }

  /** Files and links first; then directories, the deepest first, because each change inside one gives it another time. */
  setDetails(details: readonly Detail[]): void {
    const directories = details.filter((detail) => detail.isDirectory).sort((a, b) => b.path.length - a.path.length)
    for (const detail of [...details.filter((each) => !each.isDirectory), ...directories]) {
      const path = this.find(detail)
      if (path === null || statOrNull(path) === null) continue
      const mode = this.forward ? detail.newMode : detail.oldMode
      const mtimeNs = BigInt(this.forward ? detail.newMtimeNs : detail.oldMtimeNs)
      try {
        setMtime(path, mtimeNs)
        if (!detail.isLink) setMode(path, mode)
      } catch (error) {
        // changed hands meanwhile: only its new owner may set it
        if (this.uid === 0 || !isErrno(error, 'EPERM')) throw error
        this.warn('METADATA_KEPT', detail, 'mode and time cannot be set: it belongs to another now')
      }
    }
  }

  private field(of: { area: number }): Field {
    const field = this.fields.get(of.area)
    if (field === undefined) throw new Error(`the plan names area ${of.area}, which the journal lacks`)
    return field
  }

  /** A path for the next calls; null where a parent is missing, a link or no directory. */
  private find(of: { area: number; path: string }): Buffer | null {
    try {
      return this.field(of).tree.at(Buffer.from(of.path, 'latin1'))
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return null
      throw error
    }
  }

  /** As `find`, but makes the parents what they must be: what stands there instead joins the undo set. */
  private findOrMend(move: Move, field: Field): Buffer {
    const path = this.find(move)
    if (path !== null) return path
    let parent: Buffer = Buffer.alloc(0)
    for (const name of splitPath(splitLast(Buffer.from(move.path, 'latin1')).parent)) {
      const above = field.tree.at(joinBytes(parent, Buffer.from('.')))
      const owner = statOrNull(above)
      parent = joinBytes(parent, name)
      const place = field.tree.at(parent)
      const stat = statOrNull(place)
      if (stat?.isDirectory() === true) continue
      if (stat !== null) this.setAside(place, field, { ...move, path: parent.toString('latin1') })
      makeDirectory(field.tree.at(parent), 0o755)
      if (this.uid === 0 && owner !== null) setOwner(field.tree.at(parent), Number(owner.uid), Number(owner.gid))
      this.warn('PARENT_MADE_ANEW', { ...move, path: parent.toString('latin1') }, 'the directory was gone and was made anew')
    }
    field.tree.forget()
    return field.tree.at(Buffer.from(move.path, 'latin1'))
  }

  /** A directory changes its parent by a move and so must itself be writable, unless we are root. */
  private rename(field: Field, from: Buffer, to: Buffer, mode: number): void {
    const locked = this.uid !== 0 && mode !== 0 && (mode & 0o200) === 0
    if (locked) setMode(from, mode | 0o700)
    renameEntry(from, to)
    if (locked) setMode(to, mode)
    if (mode !== 0) field.tree.forget()
  }

  private relock(path: Buffer, mode: number): void {
    if (this.uid !== 0 && mode !== 0 && (mode & 0o200) === 0 && statOrNull(path)?.isDirectory() === true) setMode(path, mode)
  }

  /** What came into the way while the plan was played: kept in the undo set under a name of its own. */
  private setAside(place: Buffer, field: Field, move: Move): void {
    let count = 0
    while (statOrNull(field.work(`out/${move.number}.late${count}`)) !== null) count += 1
    try {
      renameEntry(place, field.work(`out/${move.number}.late${count}`))
    } catch (error) {
      if (isErrno(error, 'ENOENT') && statOrNull(place) === null) return // it went as it came
      throw error
    }
    field.tree.forget()
    this.warn('ENTRY_SET_ASIDE', move, setAside)
  }

  private warn(code: string, of: { area: number; path: string }, message: string): void {
    const path = shown(`${this.field(of).directory}/${of.path}`)
    this.run.warn({ code, element: null, message: `"${path}": ${message}`, path })
  }
}

const setAside = 'it appeared meanwhile and was moved to the undo set'

function wordMove(error: unknown, field: Field, move: Move): unknown {
  if (!isErrno(error, 'EXDEV', 'EBUSY', 'EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT')) return error
  return new Failure('APPLY_CONFLICT', `Cannot move "${shown(`${field.directory}/${move.path}`)}": ${error.code}`, {
    hint: 'Nothing is lost: every entry is in the tree or in the undo set. Mend the cause; recovery goes on from here',
    retry: 'after-repair',
    cause: error,
  })
}
