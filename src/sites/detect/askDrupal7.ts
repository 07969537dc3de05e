import { type Probe, quoteName } from '../connect.ts'
import { fromDocroot } from '../frameworks/drupal/readSettings.ts'
import type { Detection } from './detectSite.ts'

/** Drupal 7 keeps where its files are in the table `variable`, unless the settings say it. */
export async function askDrupal7(detection: Detection, probe: Probe): Promise<Detection> {
  const rows = await probe.query(
    `SELECT name, CONVERT(value USING utf8mb4) AS value FROM ${quoteName(`${detection.tablePrefix ?? ''}variable`)}
     WHERE name IN ('file_public_path', 'file_private_path')`,
  )
  const paths = new Map(rows.map((row) => [String(row['name']), textOf(String(row['value']))]))
  const from = (name: string): string | null => {
    const path = paths.get(name) ?? ''
    return path === '' ? null : fromDocroot(detection.docroot, path)
  }
  const privateFiles = detection.privateFixed ? null : from('file_private_path')
  return {
    ...detection,
    filesDirectory: (detection.filesFixed ? null : from('file_public_path')) ?? detection.filesDirectory,
    furtherFiles:
      privateFiles === null ? detection.furtherFiles : [{ at: 'private', directory: privateFiles }, ...detection.furtherFiles],
  }
}

/** `s:5:"a/b/c";` as PHP serializes a text; null for anything else. */
function textOf(serialized: string): string | null {
  return /^s:\d+:"(.*)";$/s.exec(serialized)?.[1] ?? null
}
