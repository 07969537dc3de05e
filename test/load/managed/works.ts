import type { LinkView } from '../../../src/contract/schemas.ts'
import type { Started } from '../../../src/contract/workSchemas.ts'
import type { Element } from '../../../src/contract/words.ts'
import type { Chance } from '../../../src/releases/apply/randomTree.suite.ts'
import { type Lab, undoTarget } from './lab.ts'
import { updated } from './labSite.ts'
import type { Marks } from './world.ts'

/** One change of one place, about to be asked for. */
export interface Work {
  kind: string
  /** `site.env` */
  place: string
  says: string
  /** Where a kill may hit, the longer ones more than once */
  steps: string[]
  before: Marks | null
  /** What it is once the workflow has succeeded; null for gone */
  wanted: Marks | null
  ask(): Promise<Started>
}

type Chosen = Omit<Work, 'before' | 'place'> & { place?: string }

const safety = ['safety backup: capture', 'safety backup: commit', 'safety backup: prove']
const deleting = ['delete', 'delete', 'delete', 'delete', 'delete', 'delete']
const put = ['prepare', 'prepare', 'prepare', 'boot', 'switch', 'switch', 'switch', 'switch']

/** Each kind in its turn, on a place and with content of chance; the place is changed first, as people at work would. */
export async function chooseWork(lab: Lab, chance: Chance, number: number): Promise<Work> {
  const { world } = lab
  const pick = <T>(from: readonly T[]): T => from[chance.below(from.length)] as T
  const place = `${lab.site}.${pick(['dev', 'dev', 'test', 'live'])}`
  // two labs take turns, half the kinds apart
  const turn = Math.floor(number / 2) + (number % 2) * 6
  const make = makers[turn % makers.length] as Maker
  const environment = make === importCode ? `${lab.site}.dev` : place
  if (chance.fraction() < 0.7) await lab.change(chance, environment)
  const chosen = await make(lab, environment, chance, pick)
  const at = chosen.place ?? environment
  return { ...chosen, place: at, before: world.marks.get(at) ?? null }
}

type Maker = (lab: Lab, place: string, chance: Chance, pick: <T>(from: readonly T[]) => T) => Promise<Chosen>

/** What comes also goes, within the few rounds that there are. */
const makers: Maker[] = [
  ...[restore, addOrDelete, addOrDelete, importCode, deploy, clone],
  ...[wipe, deploy, importFiles, createOrDelete, createOrDelete, undo, importDatabase],
]

async function restore(lab: Lab, place: string, chance: Chance, pick: Parameters<Maker>[3]): Promise<Chosen> {
  const elements = some<Element>(chance, ['code', 'files', 'database'])
  const known = lab.backups.length > 0 ? pick(lab.backups) : await takeBackup(lab, pick([...mainPlaces(lab)]))
  const now = marksOf(lab, place)
  const wanted = { ...now, ...Object.fromEntries(elements.map((element) => [element, known.marks[element]])) }
  const body = { backup: known.id, elements, safetyBackup: chance.fraction() < 0.6, confirm: place }
  const steps = [...(body.safetyBackup ? safety : ['check']), ...(elements.includes('code') ? ['commit the code'] : []), ...put]
  return {
    kind: 'restore',
    says: `restore of ${elements.join('+')} into ${place}`,
    steps,
    wanted,
    ask: asking(lab, place, 'restore', body),
  }
}

async function importCode(lab: Lab, place: string, chance: Chance): Promise<Chosen> {
  return importGiven(lab, place, chance, 'code')
}

async function importFiles(lab: Lab, place: string, chance: Chance): Promise<Chosen> {
  return importGiven(lab, place, chance, 'files')
}

async function importDatabase(lab: Lab, place: string, chance: Chance): Promise<Chosen> {
  return importGiven(lab, place, chance, 'database')
}

/** By upload, or by a link of this Cairn's own to an archive that it made. */
async function importGiven(lab: Lab, place: string, chance: Chance, element: Element): Promise<Chosen> {
  const now = marksOf(lab, place)
  const known = chance.fraction() < 0.3 ? lab.backups.findLast(({ marks }) => marks[element] !== 'none') : undefined
  const given = known === undefined ? await lab.give(chance, element) : null
  const mark = given?.mark ?? known?.marks[element] ?? ''
  const from =
    given === null
      ? { url: (await lab.cairn.client.post<LinkView>(`/v1/backups/${known?.id}/links`, { element })).url }
      : { upload: await given.upload() }
  const says = `import of ${element} from ${given === null ? 'a link' : 'an upload'} into ${place}`
  const steps = [...safety, 'prepare', ...put]
  return {
    kind: 'import',
    says,
    steps,
    wanted: { ...now, [element]: mark },
    ask: asking(lab, place, 'import', { element, from, confirm: place }),
  }
}

async function clone(lab: Lab, place: string, chance: Chance, pick: Parameters<Maker>[3]): Promise<Chosen> {
  const from = pick(mainPlaces(lab).filter((other) => other !== place))
  const elements = some<Element>(chance, ['files', 'database'])
  const source = marksOf(lab, from)
  const wanted = { ...marksOf(lab, place), ...Object.fromEntries(elements.map((element) => [element, source[element]])) }
  const body = { from: from.split('.')[1], elements, confirm: place }
  const says = `clone of ${elements.join('+')} from ${from} into ${place}`
  return { kind: 'clone', says, steps: [...safety, ...put], wanted, ask: asking(lab, place, 'clone', body) }
}

/** Most of them update the database, with visitors held off. */
async function deploy(lab: Lab, _: string, chance: Chance, pick: Parameters<Maker>[3]): Promise<Chosen> {
  const name = pick(['test', 'live'])
  const place = `${lab.site}.${name}`
  const syncContent = name === 'test' && chance.fraction() < 0.3
  const updateDatabase = chance.fraction() < 0.7
  const from = marksOf(lab, `${lab.site}.${name === 'test' ? 'dev' : 'test'}`)
  const content = syncContent ? marksOf(lab, `${lab.site}.live`) : marksOf(lab, place)
  const database = updateDatabase && content.database !== 'none' ? updated(content.database) : content.database
  const body = { note: 'a deploy', confirm: place, updateDatabase, ...(syncContent ? { syncContent } : {}) }
  const says = `deploy to ${place}${syncContent ? ' with the content of live' : ''}${updateDatabase ? ' with an update' : ''}`
  const updating = ['update the database', 'update the database', 'update the database']
  return {
    kind: 'deploy',
    place,
    says,
    steps: [...safety, 'find the code', ...put, 'tag', ...(updateDatabase ? updating : [])],
    wanted: { ...content, code: from.code, database },
    ask: asking(lab, place, 'deploy', body),
  }
}

async function wipe(lab: Lab, place: string): Promise<Chosen> {
  const wanted = { ...marksOf(lab, place), files: 'none', database: 'none' }
  return {
    kind: 'wipe',
    says: `wipe of ${place}`,
    steps: [...safety, ...put],
    wanted,
    ask: asking(lab, place, 'wipe', { confirm: place }),
  }
}

async function undo(lab: Lab, place: string): Promise<Chosen> {
  const to = await undoTarget(lab, place)
  if (to === null) return wipe(lab, place)
  const wanted = lab.world.ofRelease(place, to)
  return {
    kind: 'undo',
    says: `undo of ${place} to release ${to}`,
    steps: ['find the release', 'switch', 'switch'],
    wanted,
    ask: asking(lab, place, 'undo', {}),
  }
}

/** A second site comes and goes. */
async function createOrDelete(lab: Lab, _: string, chance: Chance, pick: Parameters<Maker>[3]): Promise<Chosen> {
  const { client } = lab.cairn
  const [site, place] = ['second', 'second.dev']
  if (lab.world.marks.has(place)) {
    const ask = () => client.delete<Started>(`/v1/sites/${site}`, { confirm: site })
    const steps = ['last backup 1: capture', 'last backup 1: commit', 'last backup 1: prove', ...deleting]
    return { kind: 'delete_site', place, says: 'deletion of a site', steps, wanted: null, ask }
  }
  const steps = ['reserve the name', 'prepare', ...put]
  const known = lab.backups.length > 0 && chance.fraction() < 0.5 ? pick(lab.backups) : null
  if (known !== null) {
    const ask = () => client.post<Started>('/v1/sites', { site, source: { kind: 'backup', backup: known.id } })
    return { kind: 'create_site', place, says: 'a site out of a backup', steps, wanted: { ...known.marks }, ask }
  }
  const [code, files, database] = [
    await lab.give(chance, 'code'),
    await lab.give(chance, 'files'),
    await lab.give(chance, 'database'),
  ]
  const source = {
    ...{ kind: 'archives', code: { upload: await code.upload() } },
    ...{ files: { upload: await files.upload() }, database: { upload: await database.upload() } },
  }
  const wanted = { code: code.mark, files: files.mark, database: database.mark }
  return {
    kind: 'create_site',
    place,
    says: 'a site out of archives',
    steps,
    wanted,
    ask: () => client.post<Started>('/v1/sites', { site, source }),
  }
}

/** A fourth environment comes and goes. */
async function addOrDelete(lab: Lab, from: string): Promise<Chosen> {
  const { client } = lab.cairn
  const place = `${lab.site}.more`
  if (lab.world.marks.has(place)) {
    const ask = () => client.delete<Started>(`/v1/sites/${lab.site}/environments/more`, { confirm: place })
    const steps = ['last backup 1: capture', 'last backup 1: commit', 'last backup 1: prove', ...deleting]
    return { kind: 'delete_environment', place, says: `deletion of ${place}`, steps, wanted: null, ask }
  }
  const ask = () => client.post<Started>(`/v1/sites/${lab.site}/environments`, { environment: 'more', from: from.split('.')[1] })
  return {
    kind: 'add_environment',
    place,
    says: `${place} out of ${from}`,
    steps: ['reserve the name', 'prepare', ...put],
    wanted: marksOf(lab, from),
    ask,
  }
}

async function takeBackup(lab: Lab, place: string): Promise<Lab['backups'][number]> {
  const { result } = await lab.work(`${pathOf(place)}/backups`, { elements: ['code', 'files', 'database'], keepForDays: 9 })
  const taken = { id: (result as { backup: string }).backup, place, marks: { ...marksOf(lab, place) } }
  lab.backups.push(taken)
  return taken
}

function asking({ cairn }: Lab, place: string, what: string, body: object): () => Promise<Started> {
  return () => cairn.client.post<Started>(`${pathOf(place)}/${what}`, body)
}

function pathOf(place: string): string {
  const [site = '', environment = ''] = place.split('.')
  return `/v1/sites/${site}/environments/${environment}`
}

function mainPlaces({ world, site }: Lab): string[] {
  return [...world.marks.keys()].filter((place) => place.startsWith(`${site}.`))
}

function marksOf({ world }: Lab, place: string): Marks {
  const marks = world.marks.get(place)
  if (marks === undefined) throw new Error(`${place} is not there`)
  return { ...marks }
}

function some<T>(chance: Chance, all: readonly T[]): T[] {
  const chosen = all.filter(() => chance.fraction() < 0.6)
  return chosen.length > 0 ? chosen : [...all]
}
