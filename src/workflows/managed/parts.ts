import { relative } from 'node:path'
import type { Run } from '../../base/run.ts'
import { readReleaseFile } from '../../releases/managed/describeRelease.ts'
import { releasePaths } from '../../releases/managed/layout.ts'
import type { KnownOfSite } from '../../releases/managed/readCode.ts'
import type { House } from '../house.ts'
import type { BackupManifests } from '../restore/manifests.ts'
import { databaseFrom, dumpFrom, filesFrom, type LoadingOptions } from './content.ts'
import type { Ground, WantedRelease } from './putRelease.ts'

/** Files and database of a release: what the manifests hold is laid anew, the rest is shared with the current release. */
export function partsOf(
  house: House,
  ground: Ground,
  manifests: BackupManifests,
  loading: LoadingOptions,
): Pick<WantedRelease, 'files' | 'database' | 'expectedBytes'> {
  const { files, database } = manifests
  const rest = ground.current === null ? 'empty' : 'kept'
  return {
    files: files === undefined ? rest : filesFrom(house, ground, files, loading.run),
    database: database === undefined ? rest : databaseFrom(dumpFrom(house, database, loading.run), loading),
    expectedBytes: Object.values(manifests).reduce((sum, { rawBytes }) => sum + rawBytes, 10e6),
  }
}

/** What the current release was found to be: the next one, of the same code base, is no other site. */
export function knownOf({ place, current }: Ground): KnownOfSite {
  if (current === null) return {}
  const { code } = readReleaseFile(releasePaths(place, current.number).release)
  if (code === null) return {}
  const isDrupal = code.framework.startsWith('drupal')
  return {
    tablePrefix: code.tablePrefix ?? code.ownTablePrefix,
    filesAt: code.filesAt ?? null, // releases that were made before there was one say nothing
    siteDirectory: isDrupal ? relative(code.docroot, code.contentDirectory) : null,
  }
}

/** How content of one environment is loaded into another, or into its own again. */
export function loadingFor(
  { environment, url }: Ground,
  source: { framework: LoadingOptions['framework']; tablePrefix: string | null; url: string | null; environmentId: string },
  options: { replaceAddresses: boolean; site?: KnownOfSite; say: (sentence: string) => void; run: Run },
): LoadingOptions {
  const isOther = source.environmentId !== environment.id
  return {
    ...{ framework: source.framework, tablePrefix: source.tablePrefix, say: options.say, run: options.run },
    address: options.replaceAddresses ? { from: source.url, to: url } : null,
    calm: isOther && environment.name !== 'live',
    ...(options.site === undefined ? {} : { site: options.site }),
  }
}
