import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '../../base/failure.ts'
import type { MysqlHome } from '../../runtime/types.ts'
import { isDefiner } from './definers.ts'
import { readReleaseFile } from './describeRelease.ts'
import { discardRelease, removeBelow } from './discardRelease.ts'
import { currentRelease, filesOnDisk, filesPath, type ManagedPlace, namesIn, releasePaths, releasesOnDisk } from './layout.ts'
import type { Names } from './names.ts'
import type { Release, Releases } from './records.ts'

export interface CleanUpOptions {
  /** Where all of them stand: what is in use there stays, whatever the rows say */
  sitesDirectory: string
  /** Every managed environment there is */
  places: readonly ManagedPlace[]
  releases: Releases
  mysql: MysqlHome
  names: Names
  /** Whether a workflow will go on, and so needs what it had prepared */
  isAlive(workflow: string): Promise<boolean>
}

/** What was removed, each as one phrase. */
export type CleanedUp = string[]

/**
 * Removes what killed preparations and half-done removals left: releases of workflows that will not go on; trees in an
 * environment that no release names; schemas and accounts of releases that were dropped. Run after `recoverSwitches`, before
 * workflows go on.
 *
 * Whatever `current` points at stays, with its files, schema and account, even where the rows know nothing of it: a state
 * database that was put back from yesterday must not cost a site. For the same reason a schema that no row speaks of is left
 * alone, though its name be ours: it may be of today, or of an installation that this one was copied from.
 */
export async function cleanUpLeftovers(options: CleanUpOptions): Promise<CleanedUp> {
  const { places, releases } = options
  const done: CleanedUp = []
  for (const place of places) {
    for (const release of await releases.list(place.id)) {
      if (!(await isDead(options, place, release))) continue
      await releases.setDropped(release)
      await discardRelease({ ...options, place }, release)
      done.push(`release ${release.number} of ${place.site}.${place.name}`)
    }
  }
  const all = await releases.listAll()
  const known = all.filter(({ state }) => state !== 'dropped')
  for (const place of places) done.push(...cleanTrees(place, known))
  done.push(...(await cleanServer(options, all)))
  return done
}

async function isDead({ isAlive }: CleanUpOptions, place: ManagedPlace, { state, number, origin }: Release): Promise<boolean> {
  if (state !== 'preparing' && state !== 'ready') return false
  if (currentRelease(place) === number) return false
  return origin.workflow === null || !(await isAlive(origin.workflow))
}

function cleanTrees(place: ManagedPlace, all: readonly Release[]): CleanedUp {
  const known = all.filter(({ environmentId }) => environmentId === place.id)
  const current = currentRelease(place)
  const inUse = current === null ? null : saidByRelease(place, current)
  const numbers = new Set([...known.map(({ number }) => number), current])
  const files = new Set([...known.map(({ filesId }) => filesId), inUse?.filesId])
  const left = [
    ...releasesOnDisk(place)
      .filter((number) => !numbers.has(number))
      .map((number) => releasePaths(place, number).release),
    ...namesIn(join(place.directory, 'tmp'))
      .filter((name) => /^release-\d+$/.test(name) && !numbers.has(Number(name.slice('release-'.length))))
      .map((name) => join(place.directory, 'tmp', name)),
    ...filesOnDisk(place)
      .filter((id) => !files.has(id))
      .map((id) => filesPath(place, id)),
    // what a backup that was killed had in work, and what an earlier Cairn kept there
    ...releasesOnDisk(place)
      .filter((number) => numbers.has(number))
      .map((number) => join(releasePaths(place, number).release, 'archive'))
      .flatMap((archive) => namesIn(archive).map((name) => join(archive, name))),
    ...namesIn(place.directory)
      .filter((name) => name === 'current.new' || /^\..*\.[0-9a-f]{12}\.tmp$/.test(name))
      .map((name) => join(place.directory, name)),
  ]
  // a tree that cannot be named by its release might be its files: then none is removed
  const safe = current !== null && inUse === null ? left.filter((path) => !path.startsWith(`${place.directory}/files/`)) : left
  for (const path of safe) removeBelow(path)
  return safe
}

async function cleanServer({ sitesDirectory, mysql, names }: CleanUpOptions, all: readonly Release[]): Promise<CleanedUp> {
  const known = all.filter(({ state }) => state !== 'dropped')
  const inUse = environmentsIn(sitesDirectory).flatMap((place) => {
    const current = currentRelease(place)
    return current === null ? [] : [saidByRelease(place, current)]
  })
  const schemas = new Set([...known, ...inUse].map((release) => release?.schema))
  const accounts = new Set([...known, ...inUse].map((release) => release?.account))
  const done: CleanedUp = []
  const there = await mysql.listOwn(names.prefixes)
  const made = new Set(all.flatMap(({ schema, account }) => [schema, account, names.owner(schema)]))
  const isOver = (name: string, used: ReadonlySet<string | undefined>): boolean =>
    names.isOurs(name) && made.has(name) && !used.has(name)
  for (const schema of there.schemas.filter((name) => isOver(name, schemas))) {
    await mysql.dropSchema(schema)
    done.push(`schema ${schema}`)
  }
  for (const account of there.accounts.filter((name) => isOver(name, accounts))) {
    const owned = there.schemas.find((schema) => schemas.has(schema) && names.owner(schema) === account)
    const schema = all.find((release) => release.account === account)?.schema
    if (owned !== undefined || (schema !== undefined && schemas.has(schema) && (await isDefiner(mysql, account, schema))))
      continue
    await mysql.dropAccount(account)
    done.push(`account ${account}`)
  }
  return done
}

function environmentsIn(sitesDirectory: string): { directory: string }[] {
  return directoriesIn(sitesDirectory)
    .flatMap(directoriesIn)
    .map((directory) => ({ directory }))
}

function directoriesIn(path: string): string[] {
  if (!existsSync(path)) return []
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(path, entry.name))
}

/** What the running site of a release is told: the last word on what is in use. */
function saidByRelease(
  place: Pick<ManagedPlace, 'directory'>,
  number: number,
): { schema: string; account: string; filesId: string } | null {
  const { release, environmentFile } = releasePaths(place, number)
  try {
    const { variables } = JSON.parse(readFileSync(environmentFile, 'utf8')) as { variables: Record<string, string> }
    const { filesId } = readReleaseFile(release)
    return { schema: variables['DB_NAME'] ?? '', account: variables['DB_USER'] ?? '', filesId }
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw error
  }
}
