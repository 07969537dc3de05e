import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { runChild } from '../../src/base/spawn.ts'

export interface Account {
  user: string
  group: string
  groups?: string[]
}

export const ownCheckout = resolve(import.meta.dirname, '../..')

/** The command in front of which another one runs as `account`; setpriv keeps the pid. */
export function asAccount(account: Account | undefined): string[] {
  if (account === undefined) return []
  const groups = account.groups === undefined ? ['--clear-groups'] : ['--groups', account.groups.join(',')]
  return ['setpriv', '--reuid', account.user, '--regid', account.group, ...groups, '--']
}

/**
 * A checkout that the account can read: this one, or, where it stands below a closed directory such as `/root`, a copy of what
 * the program needs of it, made in `directory`.
 */
export async function checkoutFor(account: Account | undefined, directory: string): Promise<string> {
  if (account === undefined || (await canRead(account, ownCheckout))) return ownCheckout
  const copy = join(directory, 'checkout')
  if (existsSync(copy)) return copy
  const lock = JSON.parse(readFileSync(join(ownCheckout, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>
  }
  const modules = Object.entries(lock.packages).filter(
    ([path, { dev }]) => /^node_modules\/(?!.*node_modules\/)/.test(path) && !dev,
  )
  for (const path of ['bin', 'src', 'package.json', ...modules.map(([path]) => path)]) {
    const from = join(ownCheckout, path)
    if (!existsSync(from)) continue
    mkdirSync(dirname(join(copy, path)), { recursive: true })
    cpSync(from, join(copy, path), { recursive: true, verbatimSymlinks: true })
  }
  await runChild('chmod', ['-R', 'a+rX', copy])
  return copy
}

/** The Node that runs us, as it stands in a checkout from `checkoutFor`. */
export function nodeOf(checkout: string): string {
  const inside = relative(ownCheckout, process.execPath)
  return inside.startsWith('..') ? process.execPath : join(checkout, inside)
}

async function canRead(account: Account, checkout: string): Promise<boolean> {
  const [program = '', ...args] = asAccount(account)
  const test = [
    'sh',
    '-c',
    'test -r "$0/bin/cairn" && test -r "$0/src/server/main.ts" && "$1" --version',
    checkout,
    process.execPath,
  ]
  return (await runChild(program, [...args, ...test], { allow: [0, 1, 2, 126, 127] })).code === 0
}
