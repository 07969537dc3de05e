import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { runChild } from '../../src/base/spawn.ts'
import type { BenchHouse } from './house.ts'

/** A file system with reflinks, in a file. */
export interface ReflinkDisk {
  directory: string
  close(): Promise<void>
}

const gigabytes = 4

/** @throws with the reason where this machine cannot have one: the rows are then skipped by name */
export async function mountReflinks(house: BenchHouse): Promise<ReflinkDisk> {
  if (process.geteuid?.() !== 0) throw new Error('only root can mount a file system with reflinks')
  const image = house.path('xfs.img')
  const directory = house.path('xfs')
  writeFileSync(image, '')
  truncateSync(image, gigabytes * 2 ** 30)
  mkdirSync(directory)
  await runChild('mkfs.xfs', ['-q', '-m', 'reflink=1', image])
  await runChild('mount', ['-o', 'loop', image, directory])
  return { directory, close: async () => void (await runChild('umount', [directory])) }
}
