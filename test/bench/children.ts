import { fileURLToPath } from 'node:url'
import { threadFile } from '../../src/base/threads.ts'
import { runChild } from '../../src/base/spawn.ts'
import { openRepository, type DiskRepository } from '../../src/repository/repository.ts'
import { readKeyFile, writeKeyFile } from '../../src/repository/keyFile.ts'
import { openState, type State } from '../../src/state/open.ts'
import type { BenchHouse } from './house.ts'

/** What a fresh process of the bench is told; the key comes through a file. */
export interface ChildOrders {
  state: { socketDirectory: string; port: number }
  repository: string
  keyFile: string
  /** A tree to back up, or an archive to read a byte of */
  tree?: string
  read?: { manifest: string; at: number }
}

/** Runs a file beside this one, named without its ending, in a process of its own, where nothing is warm and no memory was used before; gives what it printed as JSON. */
export async function runFresh<T>(
  house: BenchHouse,
  repository: DiskRepository,
  file: string,
  orders: Pick<ChildOrders, 'tree' | 'read'>,
): Promise<T> {
  const { socketDirectory, port } = house.stateServer
  const keyFile = house.path('key')
  writeKeyFile(keyFile, repository.keys.key)
  const all: ChildOrders = { state: { socketDirectory, port }, repository: repository.directory, keyFile, ...orders }
  const { stdout } = await runChild(process.execPath, [
    '--expose-gc',
    '--import',
    fileURLToPath(threadFile(import.meta.url, 'asServer')),
    fileURLToPath(threadFile(import.meta.url, file)),
    JSON.stringify(all),
  ])
  return JSON.parse(stdout) as T
}

/** In the child: its orders, carried out as far as opening what they name. */
export async function openOrders(): Promise<{ orders: ChildOrders; state: State; repository: DiskRepository }> {
  const orders = JSON.parse(process.argv[2] ?? '{}') as ChildOrders
  const state = await openState(orders.state)
  const key = readKeyFile(orders.keyFile)
  const repository = await openRepository({ directory: orders.repository, db: state.db, key, instance: 'bench' })
  return { orders, state, repository }
}
