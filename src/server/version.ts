import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Of the package, read from beside `src/` or `dist/`. */
export const version: string = readVersion()

function readVersion(): string {
  const parsed: unknown = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'))
  const found: unknown = typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, 'version') : undefined
  return typeof found === 'string' ? found : 'unknown'
}
