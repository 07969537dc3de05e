import { existsSync } from 'node:fs'
import { parseUlid, timeOfUlid } from '../../base/ids.ts'
import { dropUndo, listUndos } from '../../git/moveBranch.ts'
import { openSiteRepository } from '../../git/siteRepository.ts'
import type { House } from '../house.ts'
import { repositoryPath } from './putRelease.ts'

/** Tips that a reset of `master` left, and whose time is over: they are named by the workflow, and that by its time. */
export async function overdueTips(house: House, site: string, now: Date): Promise<string[]> {
  const path = repositoryPath(house, site)
  if (!existsSync(path)) return []
  const undos = await listUndos(await openSiteRepository(path))
  const keepMs = house.undoKeepDays * 86_400_000
  return undos.map(({ undoId }) => undoId).filter((id) => timeOfUlid(parseUlid(id)).getTime() + keepMs <= now.getTime())
}

/** Safe to repeat. @returns how many were dropped */
export async function dropOverdueTips(house: House, site: string, now: Date): Promise<number> {
  const overdue = await overdueTips(house, site, now)
  if (overdue.length === 0) return 0
  const repository = await openSiteRepository(repositoryPath(house, site))
  for (const id of overdue) await dropUndo(repository, id)
  return overdue.length
}
