import { Failure } from '../../base/failure.ts'

/** Under what session settings a statement of a dump was written; null is the server's own default. */
export interface SessionSettings {
  sqlMode: string | null
  characterSetClient: string | null
  collationConnection: string | null
  timeZone: string | null
}

/** Character sets in which a byte of a character may look like a quote or a backslash: splitting would not be the server's. */
const unsafeCharset = /^(big5|cp932|gb18030|gbk|sjis|ucs2|utf16|utf16le|utf32)/i

const tracked = ['sql_mode', 'character_set_client', 'collation_connection', 'time_zone'] as const

/**
 * Follows the SET statements of a dump instead of executing them: the loader's connections have their own settings, and each
 * statement gets those that concern it.
 */
export class DumpSession {
  #values = new Map<string, string | null>()

  assign(target: string, value: string): void {
    const resolved = this.#resolve(value)
    if (target === 'names') {
      this.#checkCharset(resolved)
      this.#values.set('character_set_client', resolved)
      this.#values.set('collation_connection', null)
    } else {
      if (target === 'character_set_client') this.#checkCharset(resolved)
      this.#values.set(target, resolved)
    }
  }

  settings(): SessionSettings {
    const [sqlMode, characterSetClient, collationConnection, timeZone] = tracked.map((name) => this.#values.get(name) ?? null)
    return {
      sqlMode: sqlMode ?? null,
      characterSetClient: characterSetClient ?? null,
      collationConnection: collationConnection ?? null,
      timeZone: timeZone ?? null,
    }
  }

  #resolve(value: string): string | null {
    if (value.startsWith('@')) return this.#values.get(value.toLowerCase().replace(/^@@(session\.|local\.)?/, '')) ?? null
    const text = /^'([^'\\]*)'$/.exec(value)?.[1] ?? /^"([^"\\]*)"$/.exec(value)?.[1] ?? value
    if (/^default$/i.test(text)) return null
    if (!/^[\w ,:+./-]*$/.test(text))
      throw new Failure('LOAD_FAILED', 'Cannot load the dump: a SET has a value that is no plain word')
    return text
  }

  #checkCharset(charset: string | null): void {
    if (charset !== null && unsafeCharset.test(charset)) {
      throw new Failure('LOAD_FAILED', `Cannot load the dump: it is written in the character set "${charset}"`, {
        hint: 'Make the dump with --default-character-set=utf8mb4',
      })
    }
  }
}

/** The SET statement that brings a session to these settings; what is null gets the loader's own default. */
export function settingStatement(settings: SessionSettings): string {
  const client = settings.characterSetClient ?? 'utf8mb4'
  const collation = settings.collationConnection
  return [
    `SET character_set_client=${word(client)}`,
    collation === null ? `character_set_connection=${word(client)}` : `collation_connection=${word(collation)}`,
    `sql_mode='${settings.sqlMode ?? ''}'`,
    `time_zone='${settings.timeZone ?? 'SYSTEM'}'`,
  ].join(', ')
}

function word(text: string): string {
  if (!/^\w+$/.test(text)) throw new Error(`settingStatement: "${text}" is no name of a character set`)
  return text
}
