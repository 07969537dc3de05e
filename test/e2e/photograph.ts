import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { connectDatabase } from '../../src/elements/database/connect.ts'
import type { DatabaseCredentials } from '../../src/sites/credentials.ts'

/** All of a site, one line a thing: what is equal has equal lines. */
export type Photograph = Map<string, string>

/** Every entry of a tree: kind, mode, owner, time to the microsecond, and a hash or a target. Work of Cairn's own is left out. */
export function photographTree(root: string): Photograph {
  const photograph: Photograph = new Map()
  const visit = (path: Buffer, name: string): void => {
    const stat = lstatSync(path, { bigint: true })
    const kind = stat.isDirectory() ? 'directory' : stat.isSymbolicLink() ? 'link' : stat.isFile() ? 'file' : 'other'
    const mode = kind === 'link' ? '' : ` ${(stat.mode & 0o7777n).toString(8)}`
    const content =
      kind === 'file'
        ? ` ${stat.size} ${createHash('sha1').update(readFileSync(path)).digest('hex')}`
        : kind === 'link'
          ? ` ${readlinkSync(path, 'latin1')}`
          : ''
    photograph.set(name, `${kind}${mode} ${stat.uid}:${stat.gid} ${stat.mtimeNs / 1000n}µs${content}`)
    if (kind !== 'directory') return
    for (const child of readdirSync(path, 'buffer').toSorted(Buffer.compare)) {
      const text = child.toString('latin1')
      if (!text.startsWith('.cairn-')) visit(Buffer.concat([path, Buffer.from('/'), child]), `${name}/${text}`)
    }
  }
  visit(Buffer.from(root), '.')
  return photograph
}

/** Every table with its definition and checksum, every view, trigger, routine and event. Tables that stand aside are left out. */
export async function photographDatabase(credentials: DatabaseCredentials): Promise<Photograph> {
  const connection = await connectDatabase(credentials)
  const rows = async (sql: string): Promise<string[][]> =>
    (await connection.query(sql)).map((row) => Object.values(row).map((value) => text(value)))
  const photograph: Photograph = new Map()
  try {
    const tables = await rows('SHOW FULL TABLES')
    for (const [name = '', type = ''] of tables) {
      if (name.startsWith('_cairn')) continue
      const quoted = `\`${name.replaceAll('`', '``')}\``
      const [[, definition = ''] = []] = await rows(`SHOW CREATE ${type === 'VIEW' ? 'VIEW' : 'TABLE'} ${quoted}`)
      photograph.set(`${type.toLowerCase()} ${name}`, definition)
      if (type === 'VIEW') continue
      const content = definition.includes('WITH SYSTEM VERSIONING') // its checksum counts the history too, whose times are new
        ? (await rows(`SELECT * FROM ${quoted}`)).map((row) => JSON.stringify(row)).toSorted()
        : await rows(`CHECKSUM TABLE ${quoted}`)
      photograph.set(`rows of ${name}`, JSON.stringify(content))
    }
    const of = '= DATABASE() AND'
    const objects = {
      trigger: `SELECT TRIGGER_NAME, ACTION_TIMING, EVENT_MANIPULATION, EVENT_OBJECT_TABLE, ACTION_STATEMENT, DEFINER, SQL_MODE
        FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA ${of} TRIGGER_NAME NOT LIKE '\\_cairn%'`,
      routine: `SELECT ROUTINE_NAME, ROUTINE_TYPE, DTD_IDENTIFIER, ROUTINE_DEFINITION, DEFINER, SQL_MODE, SECURITY_TYPE
        FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA ${of} ROUTINE_NAME NOT LIKE '\\_cairn%'`,
      event: `SELECT EVENT_NAME, EVENT_DEFINITION, INTERVAL_VALUE, INTERVAL_FIELD, STATUS, DEFINER
        FROM information_schema.EVENTS WHERE EVENT_SCHEMA ${of} EVENT_NAME NOT LIKE '\\_cairn%'`,
    }
    for (const [kind, sql] of Object.entries(objects)) {
      for (const [name, ...facts] of await rows(sql)) photograph.set(`${kind} ${name}`, facts.join(' | '))
    }
    return photograph
  } finally {
    await connection.close()
  }
}

/** What differs, in words; nothing at all when the two show the same. */
export function differences(before: Photograph, after: Photograph): string[] {
  const found: string[] = []
  for (const [name, was] of before) {
    const is = after.get(name)
    if (is === undefined) found.push(`${name} is gone, it was: ${was.slice(0, 300)}`)
    else if (is !== was) found.push(`${name}\n   was ${was.slice(0, 600)}\n   is  ${is.slice(0, 600)}`)
  }
  for (const [name, is] of after) if (!before.has(name)) found.push(`${name} is new: ${is.slice(0, 300)}`)
  return found
}

function text(value: unknown): string {
  if (value === null) return 'NULL'
  return Buffer.isBuffer(value) ? value.toString('latin1') : String(value)
}
