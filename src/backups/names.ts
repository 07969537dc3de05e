import { type Element, elements } from '../contract/words.ts'

export interface ArchiveName {
  site: string
  environment: string
  momentAt: Date
  element: Element
}

const endings = { code: 'code.tar.gz', files: 'files.tar.gz', database: 'database.sql.gz' } as const satisfies Record<
  Element,
  string
>
const form =
  /^(?<site>[a-z0-9-]+)_(?<environment>[a-z0-9]+)_(?<day>\d{4}-\d\d-\d\d)T(?<hour>\d\d)-(?<minute>\d\d)-(?<second>\d\d)_UTC_(?<ending>.+)$/

/** `<site>_<env>_<YYYY-MM-DDTHH-MM-SS>_UTC_code.tar.gz` and the like: no character of it needs quoting anywhere. */
export function archiveName(name: ArchiveName): string {
  const moment = name.momentAt.toISOString().slice(0, 19).replaceAll(':', '-')
  return `${name.site}_${name.environment}_${moment}_UTC_${endings[name.element]}`
}

/** What a file name says; null for one that is not ours. */
export function parseArchiveName(fileName: string): ArchiveName | null {
  const { site = '', environment = '', day, hour, minute, second, ending } = form.exec(fileName)?.groups ?? {}
  const element = elements.find((each) => endings[each] === ending)
  const momentAt = new Date(`${day}T${hour}:${minute}:${second}Z`)
  if (element === undefined || Number.isNaN(momentAt.getTime())) return null
  const name = { site, environment, momentAt, element }
  return archiveName(name) === fileName ? name : null
}
