import { existsSync, lstatSync } from 'node:fs'
import { join } from 'node:path'
import { describeTree } from '../../../src/releases/apply/randomTree.suite.ts'
import type { DatabaseCredentials } from '../../../src/sites/credentials.ts'
import { differences, type Photograph } from '../photograph.ts'
import { findCurrent, type FoundRelease, photographCode, photographDatabase, photographFiles } from './lookAt.ts'
import { visit } from './talk.ts'

/** What each part of an environment holds, by the mark that its content bears. `none`: nothing */
export interface Marks {
  code: string
  files: string
  database: string
}

export interface LookOptions {
  /** Null leaves the tables alone: their server is down; else how to get in */
  database: ((own: DatabaseCredentials) => DatabaseCredentials) | null
  /** On which port of this machine pages are asked for, null for none; the answer of maintenance counts as well where it may */
  pages: { port(place: string): number | null; orMaintenance: boolean }
}

export interface World {
  /** What every environment must be, by `site.env`; those without a release are not in it */
  marks: Map<string, Marks>
  /** What the release of that number was made of: contents that releases share are named by tree and schema */
  releases: Map<string, Marks>
  /** Says what content of this mark is, as given to Cairn: its trees must come back as they are here */
  expectTree(part: 'code' | 'files', mark: string, directory: string): void
  /** Says what stands there now, once it was looked at */
  note(place: string): void
  /** What the release must be that an undo leads to */
  ofRelease(place: string, number: number): Marks
  /** Takes the content of a place as it is, after it was changed on purpose */
  photograph(place: string): Promise<void>
  /** What is not as one of these says, in words; nothing when it is one of them, whole */
  look(place: string, options: readonly Marks[], how: LookOptions): Promise<string[]>
}

export function openWorld(sites: string): World {
  const marks: World['marks'] = new Map()
  const releases: World['releases'] = new Map()
  const pictures = new Map<string, Photograph>([
    ['files none', ['/private']],
    ['database none', []],
  ])
  const given = new Map<string, string>()
  /** Marks of trees and schemas, which releases share */
  const shared = new Map<string, string>()

  const current = (place: string): FoundRelease | null => findCurrent(directoryOf(sites, place))
  const check = (part: keyof Marks, mark: string, found: Photograph): string[] => {
    const known = pictures.get(`${part} ${mark}`)
    if (known !== undefined) return differences(short(part, mark, found), known).map((line) => `${part} ${mark}: ${line}`)
    const source = part === 'database' ? undefined : given.get(`${part} ${mark}`)
    const wrong = source === undefined ? [] : notAsGiven(source, found)
    if (wrong.length === 0) pictures.set(`${part} ${mark}`, found)
    return wrong
  }
  const complaints = async (place: string, wanted: Marks, how: LookOptions): Promise<string[]> => {
    const release = current(place)
    if (release === null) return [`${place} has no release`]
    const found = [...check('code', wanted.code, photographCode(release.code))]
    found.push(...check('files', wanted.files, photographFiles(release.files, lstatSync(release.files))))
    if (how.database !== null)
      found.push(...check('database', wanted.database, await photographDatabase(how.database(release.database))))
    const port = how.pages.port(place)
    if (port !== null) found.push(...(await judgePage(release, wanted, port, how.pages.orMaintenance)))
    if (existsSync(join(directoryOf(sites, place), 'maintenance')) && !how.pages.orMaintenance)
      found.push('the maintenance flag is up')
    return found.map((line) => `${place}, release ${release.number}: ${line}`)
  }
  return {
    marks,
    releases,
    expectTree: (part, mark, directory) => void given.set(`${part} ${mark}`, directory),
    note(place) {
      const release = current(place)
      const now = marks.get(place)
      if (release === null || now === undefined) return
      releases.set(`${place} ${release.number}`, { code: now.code, files: release.filesId, database: release.database.database })
      shared.set(release.filesId, now.files).set(release.database.database, now.database)
    },
    ofRelease(place, number) {
      const { code = '', files = '', database = '' } = releases.get(`${place} ${number}`) ?? {}
      return { code, files: shared.get(files) ?? '', database: shared.get(database) ?? '' }
    },
    async photograph(place) {
      const release = current(place)
      const now = marks.get(place)
      if (release === null || now === undefined) throw new Error(`${place} is not there`)
      const files = photographFiles(release.files, lstatSync(release.files))
      pictures.set(`files ${now.files}`, short('files', now.files, files))
      pictures.set(`database ${now.database}`, await photographDatabase(release.database))
    },
    async look(place, options, how) {
      let last: string[] = []
      for (const option of options) if ((last = await complaints(place, option, how)).length === 0) return []
      return last
    },
  }
}

export function directoryOf(sites: string, place: string): string {
  return join(sites, ...place.split('.'))
}

/** An empty files tree has nothing but the directory for private ones, whatever its mode. */
function short(part: keyof Marks, mark: string, found: Photograph): Photograph {
  return part === 'files' && mark === 'none' ? found.map((line) => line.split(' | ')[0] ?? '') : found
}

/** Every file of the source, and no other but what Cairn adds. */
function notAsGiven(source: string, found: Photograph): string[] {
  const contentOf = (lines: Photograph, at: number): Map<string, string> =>
    new Map(
      lines.map((line) => line.split(' | ')).flatMap((cells) => (cells[1] === 'file' ? [[cells[0] ?? '', cells[at] ?? '']] : [])),
    )
  const wanted = contentOf(describeTree(source, true), 4)
  const there = contentOf(found, found[0]?.split(' | ').length === 5 ? 3 : 4)
  for (const own of ['/wp-config.php']) there.delete(own)
  const lines = (of: Map<string, string>): string[] => [...of].map((entry) => entry.join(' '))
  return differences(lines(there), lines(wanted))
}

async function judgePage(release: FoundRelease, wanted: Marks, port: number, orMaintenance: boolean): Promise<string[]> {
  const { status, text, location } = await visit(`${release.url}/`, port)
  if (status === 503 && orMaintenance) return []
  if (wanted.database === 'none')
    return status === 302 && location === '/wp-admin/install.php' ? [] : [`no installer, but ${status} ${text}`]
  const page = JSON.stringify({ ...wanted, release: release.number, isAtHome: true })
  return status === 200 && text === page ? [] : [`the page is ${status} ${text}, and not ${page}`]
}
