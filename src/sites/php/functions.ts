import { createHash } from 'node:crypto'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { environmentValue } from './environment.ts'
import type { Machine } from './machine.ts'
import {
  isKnown,
  isLoose,
  type Known,
  type PhpArray,
  type PhpValue,
  toBoolean,
  toKey,
  toNumber,
  toText,
  Unknown,
} from './values.ts'

type PhpFunction = (args: Known[], machine: Machine, line: number) => PhpValue

const text = (value: Known | undefined): string => {
  const result = toText(value ?? null)
  return result instanceof Unknown ? '' : result
}
const number = (value: Known | undefined, byDefault: number): number => {
  const result = value === undefined ? byDefault : toNumber(value)
  return result instanceof Unknown ? byDefault : result
}
const list = (value: Known | undefined): PhpValue[] => (value instanceof Map ? [...value.values()] : [])
const arrayOf = (values: Iterable<PhpValue>): PhpArray => new Map([...values].map((value, index) => [String(index), value]))

/** The functions whose result is known when their arguments are. Everything else is not known. */
export const functions: Record<string, PhpFunction> = {
  getenv: ([name], machine) =>
    name === undefined ? new Unknown('getenv() of everything') : environmentValue(machine, text(name), false),
  putenv: ([assignment], machine) => {
    const [name = '', ...value] = text(assignment).split('=')
    const held = machine.state.variables.get('putenv')
    machine.state.variables.set('putenv', new Map([...(held instanceof Map ? held : []), [name, value.join('=')]]))
    return true
  },
  constant: ([name], machine) =>
    machine.state.constants.get(text(name)) ?? new Unknown(`the constant "${text(name)}" is not set`),
  function_exists: ([name], machine) =>
    machine.state.functions.has(text(name).toLowerCase()) || text(name).toLowerCase() in functions,

  dirname: ([path, levels]) => {
    let result = text(path)
    for (let i = number(levels, 1); i > 0; i--) result = dirname(result)
    return result
  },
  basename: ([path, suffix]) => basename(text(path), suffix === undefined ? undefined : text(suffix)),
  realpath: ([path], machine) => {
    const full = fullPath(machine, text(path))
    return machine.files.exists(full) === null ? false : join(full, '.')
  },
  file_exists: ([path], machine) => machine.files.exists(fullPath(machine, text(path))) !== null,
  is_file: ([path], machine) => machine.files.exists(fullPath(machine, text(path))) === 'file',
  is_readable: ([path], machine) => machine.files.exists(fullPath(machine, text(path))) !== null,
  is_dir: ([path], machine) => machine.files.exists(fullPath(machine, text(path))) === 'directory',
  file_get_contents: ([path], machine, line) => {
    const full = fullPath(machine, text(path))
    if (!machine.files.mayReveal(full)) return new Unknown(`line ${line}: the file "${full}" lies outside of the site`)
    return machine.files.readText(full) ?? false
  },

  strtolower: ([value]) => text(value).toLowerCase(),
  strtoupper: ([value]) => text(value).toUpperCase(),
  trim: ([value, characters]) => trim(text(value), characters, 'both'),
  rtrim: ([value, characters]) => trim(text(value), characters, 'end'),
  chop: ([value, characters]) => trim(text(value), characters, 'end'),
  ltrim: ([value, characters]) => trim(text(value), characters, 'start'),
  strlen: ([value]) => Buffer.byteLength(text(value)),
  substr: ([value, from, length]) => {
    const bytes = Buffer.from(text(value))
    const start = number(from, 0)
    const begin = start < 0 ? Math.max(0, bytes.length + start) : start
    const count = length === undefined || length === null ? bytes.length : number(length, 0)
    return bytes.subarray(begin, count < 0 ? bytes.length + count : begin + count).toString()
  },
  strpos: ([value, needle]) => {
    const index = Buffer.from(text(value)).indexOf(text(needle))
    return index < 0 ? false : index
  },
  str_replace: ([from, to, value]) => {
    if (from instanceof Map || to instanceof Map || value instanceof Map) return new Unknown('str_replace() with arrays')
    return text(from) === '' ? text(value) : text(value).replaceAll(text(from), () => text(to))
  },
  str_contains: ([value, needle]) => text(value).includes(text(needle)),
  str_starts_with: ([value, needle]) => text(value).startsWith(text(needle)),
  str_ends_with: ([value, needle]) => text(value).endsWith(text(needle)),
  strcmp: ([left, right]) => Buffer.compare(Buffer.from(text(left)), Buffer.from(text(right))),
  sprintf: ([format, ...args]) => {
    let next = 0
    if (/%(?![sd%])/.test(text(format))) return new Unknown('sprintf() with a format that is not %s or %d')
    return text(format).replaceAll(/%[sd%]/g, (mark) => {
      if (mark === '%%') return '%'
      const value = args[next++]
      return mark === '%d' ? String(Math.trunc(number(value, 0))) : text(value)
    })
  },
  implode: ([first, second]) =>
    first instanceof Map ? joinValues(list(first), text(second)) : joinValues(list(second), text(first)),
  join: (args, machine, line) => functions['implode']?.(args, machine, line) ?? null,
  explode: ([separator, value, limit]) => {
    if (text(separator) === '' || limit !== undefined) return new Unknown('explode() with a limit')
    return arrayOf(text(value).split(text(separator)))
  },
  base64_decode: ([value]) => Buffer.from(text(value), 'base64').toString(),
  md5: ([value]) => createHash('md5').update(text(value)).digest('hex'),
  urldecode: ([value]) => decode(text(value).replaceAll('+', ' ')),
  rawurldecode: ([value]) => decode(text(value)),
  parse_url: ([url, part]) => (part === undefined ? parseUrl(text(url)) : new Unknown('parse_url() of one part')),
  json_decode: ([value, isArray]) => {
    if (isArray !== true) return new Unknown('json_decode() into objects')
    try {
      return fromJson(JSON.parse(text(value)))
    } catch {
      return null
    }
  },

  count: ([value]) => list(value).length,
  in_array: ([needle, values]) => {
    const all = list(values)
    if (!all.every(isKnown)) return new Unknown('in_array() of what is not known')
    return all.some((value) => isLoose(value, needle ?? null))
  },
  array_key_exists: ([key, values]) => values instanceof Map && values.has(toKey(key ?? null)),
  array_merge: (args) => {
    const merged: PhpArray = new Map()
    for (const array of args) {
      if (!(array instanceof Map)) return new Unknown('array_merge() of what is no array')
      for (const [key, value] of array) merged.set(/^\d+$/.test(key) ? String(merged.size) : key, value)
    }
    return merged
  },
  is_array: ([value]) => value instanceof Map,
  is_string: ([value]) => typeof value === 'string',
  is_null: ([value]) => value === null,
  is_numeric: ([value]) =>
    typeof value === 'number' || (typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value))),
  intval: ([value]) => Math.trunc(number(value, 0)),
  strval: ([value]) => text(value),
  boolval: ([value]) => toBoolean(value ?? null),
}

function fullPath(machine: Machine, path: string): string {
  return isAbsolute(path) ? path : join(dirname(machine.file), path)
}

function trim(value: string, characters: Known | undefined, where: 'start' | 'end' | 'both'): PhpValue {
  const set = characters === undefined ? ' \t\n\r\0\v' : text(characters)
  if (set.includes('..')) return new Unknown('trim() with a range')
  let from = 0
  let to = value.length
  if (where !== 'end') while (from < to && set.includes(value.charAt(from))) from += 1
  if (where !== 'start') while (to > from && set.includes(value.charAt(to - 1))) to -= 1
  return value.slice(from, to)
}

function joinValues(values: PhpValue[], separator: string): PhpValue {
  const texts = values.map(toText)
  return texts.find((value) => value instanceof Unknown) ?? texts.join(separator)
}

function decode(value: string): PhpValue {
  try {
    return decodeURIComponent(value)
  } catch {
    return new Unknown('a percent sign that encodes nothing')
  }
}

/** Parts stand as written, still encoded, as PHP leaves them. */
function parseUrl(url: string): PhpValue {
  const found =
    /^(?:([a-z][\w+.-]*):)?(?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d+))?)?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/i.exec(
      url,
    )
  if (found === null) return false
  const [, scheme, user, pass, host, port, path, query, fragment] = found
  const parts: PhpArray = new Map()
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== '') parts.set(name, name === 'port' ? Number(value) : value)
  }
  for (const [name, value] of Object.entries({ scheme, host, port, user, pass, path, query, fragment })) add(name, value)
  return parts
}

function fromJson(value: unknown): PhpValue {
  if (Array.isArray(value)) return arrayOf(value.map(fromJson))
  if (typeof value === 'object' && value !== null)
    return new Map(Object.entries(value).map(([key, item]) => [key, fromJson(item)]))
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
}
