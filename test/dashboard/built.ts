import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { runChild } from '../../src/base/spawn.ts'

const root = join(import.meta.dirname, '../..')

/** Builds the dashboard when it was not, or when a source of it is newer. */
export async function provideDashboard(): Promise<void> {
  const page = join(root, 'dist/dashboard/index.html')
  const newest = Math.max(...['src/dashboard', 'src/contract'].flatMap((folder) => timesOf(join(root, folder))))
  if (existsSync(page) && statSync(page).mtimeMs > newest) return
  // by itself: what a test runner sets makes React one for development
  await runChild(join(root, 'node_modules/.bin/vite'), ['build', '--logLevel=error'], {
    cwd: root,
    env: { ...process.env, NODE_ENV: 'production' },
  })
}

function timesOf(folder: string): number[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => statSync(join(folder, name)).mtimeMs)
}

interface Chunk {
  file: string
  imports?: string[]
}

/** The JavaScript that comes before the Sites page is there, gzipped, in bytes. */
export function initialBytes(): number {
  const folder = join(root, 'dist/dashboard')
  const chunks = JSON.parse(readFileSync(join(folder, '.vite/manifest.json'), 'utf8')) as Record<string, Chunk>
  const files = new Set<string>()
  const take = (name: string): void => {
    const chunk = chunks[name]
    if (chunk === undefined || files.has(chunk.file)) return
    files.add(chunk.file)
    for (const next of chunk.imports ?? []) take(next)
  }
  take('index.html')
  if (chunks['screens/sites/Sites.tsx'] !== undefined)
    throw new Error('the Sites page has a file of its own: it would be asked for late')
  return [...files].reduce((sum, file) => sum + gzipSync(readFileSync(join(folder, file)), { level: 6 }).length, 0)
}
