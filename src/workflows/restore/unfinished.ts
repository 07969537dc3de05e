import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { syncDirectorySync, writeFileDurably } from '../../base/files.ts'
import { Unfinished } from '../../queue/define.ts'
import type { House } from '../house.ts'

type Where = Pick<House, 'appliesDirectory'>

/**
 * The mark of a change that may have begun and is neither done nor taken back. It is kept with Cairn, not with the site: the
 * site's disk and its database server may both be away when somebody asks.
 */
const markOf = ({ appliesDirectory }: Where, id: string): string => join(appliesDirectory, `${id}.unfinished`)

export function isUnfinished(house: Where, id: string): boolean {
  return existsSync(markOf(house, id))
}

export function markUnfinished(house: Where, id: string): void {
  if (!isUnfinished(house, id)) writeFileDurably(markOf(house, id), '')
}

export function markEnded(house: Where, id: string): void {
  rmSync(markOf(house, id), { force: true })
  syncDirectorySync(house.appliesDirectory)
}

/** Whatever fails while a change stands between its two sides: its workflow is not over, but tried again. */
export async function untilEnded<T>(house: Where, id: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Unfinished || !isUnfinished(house, id)) throw error
    throw new Unfinished(error)
  }
}
