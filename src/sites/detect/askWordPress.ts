import { isAbsolute, join, normalize } from 'node:path'
import { type Probe, quoteName } from '../connect.ts'
import type { Detection } from './detectSite.ts'

/** WordPress keeps its address and perhaps its uploads directory in the options; a prefix that nobody told is found. */
export async function askWordPress(detection: Detection, probe: Probe): Promise<Detection> {
  const prefix = detection.tablePrefix ?? (await findPrefix(probe))
  if (prefix === null) return { ...detection, notes: [...detection.notes, 'The prefix of the tables is not known'] }
  const options = await readOptions(probe, prefix)
  const uploads = uploadsOf(options['upload_path'] ?? '', detection)
  return {
    ...detection,
    tablePrefix: prefix,
    url: detection.url ?? options['home'] ?? options['siteurl'] ?? null,
    filesDirectory: uploads ?? detection.filesDirectory,
    notes:
      uploads === null
        ? detection.notes
        : [...detection.notes, `The site's option "upload_path" puts its files into "${uploads}"`],
  }
}

async function readOptions(probe: Probe, prefix: string): Promise<Record<string, string>> {
  const rows = await probe.query(
    `SELECT option_name, option_value FROM ${quoteName(`${prefix}options`)} WHERE option_name IN ('home', 'siteurl', 'upload_path')`,
  )
  return Object.fromEntries(rows.map((row) => [String(row['option_name']), String(row['option_value'])]))
}

/** The only prefix under which WordPress's three main tables stand; null when there are none or several. */
async function findPrefix(probe: Probe): Promise<string | null> {
  const rows = await probe.query('SHOW TABLES')
  const names = new Set(rows.flatMap((row) => Object.values(row)).map(String))
  const prefixes = [...names].filter((name) => name.endsWith('options')).map((name) => name.slice(0, -'options'.length))
  const whole = prefixes.filter((prefix) => names.has(`${prefix}posts`) && names.has(`${prefix}users`))
  return whole.length === 1 ? (whole[0] ?? null) : null
}

/** As `wp_upload_dir()`: the default may stand there in words, and a relative path counts from WordPress's own directory. */
function uploadsOf(option: string, { filesFixed, coreDirectory }: Detection): string | null {
  const path = option.trim()
  if (filesFixed || path === '' || path === 'wp-content/uploads') return null
  return normalize(isAbsolute(path) ? path : join(coreDirectory, path)).replace(/\/+$/, '')
}
