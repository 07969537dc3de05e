import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, normalize } from 'node:path'
import { evaluate } from './expressions.ts'
import { type Machine, type PhpEnvironment, PhpExit, type PhpFiles } from './machine.ts'
import { parsePhp } from './parse.ts'
import { runStatements } from './run.ts'
import { PhpState } from './state.ts'
import { type PhpValue, Unknown } from './values.ts'

export interface PhpOptions {
  /** Constants that stand before the file begins, e.g. ABSPATH */
  constants?: Record<string, PhpValue>
  /** Variables that stand before the file begins, e.g. `$app_root` */
  variables?: Record<string, PhpValue>
  /** The environment of the site's PHP; null when nobody told @default {null} */
  environment?: PhpEnvironment
  /** What is known of `$_SERVER` */
  server?: Record<string, string>
  /** Files of these names are not read: what comes after the configuration */
  skip?: string[]
  /** Directories whose files `file_get_contents()` may show */
  reveal?: string[]
}

export interface PhpOutcome {
  constants: Map<string, PhpValue>
  variables: Map<string, PhpValue>
  /** Every file that was read, absolute, the first one first */
  files: string[]
  /** Environment variables that were asked for and are not known */
  asked: string[]
  notes: string[]
}

const sizeBytesMax = 1 << 20
const filesMax = 50
const stepsMax = 200_000

/**
 * Reads what a PHP file would set, without running PHP. What depends on more than literals, the environment that was given,
 * local files and a few pure functions comes out as `Unknown` with its reason: nothing is guessed.
 *
 * @throws {SyntaxError} when the file itself cannot be read as PHP
 */
export function readPhp(path: string, options: PhpOptions = {}): PhpOutcome {
  const skip = new Set(options.skip)
  const seen = new Set<string>()
  const state = new PhpState()
  for (const [name, value] of Object.entries(options.constants ?? {})) state.constants.set(name, value)
  for (const [name, value] of Object.entries(options.variables ?? {})) state.variables.set(name, value)
  const machine: Machine = {
    environment: options.environment ?? null,
    server: options.server ?? {},
    files: localFiles(options.reveal ?? [dirname(path)]),
    state,
    file: path,
    asked: new Set(),
    read: [],
    notes: [],
    stepsLeft: stepsMax,
    depth: 0,
    evaluate: (expression) => evaluate(machine, expression),
    include(name, once, line) {
      const full = normalize(isAbsolute(name) ? name : join(dirname(machine.file), name))
      if (skip.has(basename(full)) || full.endsWith('/vendor/autoload.php')) return true
      if (once && seen.has(full)) return true
      return includeFile(machine, full, line, seen)
    },
  }
  const source = machine.files.readText(path)
  if (source === null) throw new SyntaxError(`"${path}" cannot be read`)
  try {
    runFile(machine, path, source, seen)
  } catch (error) {
    // deep nesting overflows the stack, a script without an end runs out of steps: neither is a configuration
    if (error instanceof RangeError) throw new SyntaxError(`"${path}" is too deep or computes too much`)
    if (!(error instanceof PhpExit)) throw error
  }
  return {
    constants: machine.state.constants,
    variables: machine.state.variables,
    files: machine.read,
    asked: [...machine.asked],
    notes: machine.notes,
  }
}

function includeFile(machine: Machine, full: string, line: number, seen: Set<string>): PhpValue {
  const source = machine.depth > 20 || machine.read.length >= filesMax ? null : machine.files.readText(full)
  if (source === null) {
    if (machine.files.exists(full) !== null) machine.notes.push(`line ${line}: the file "${full}" is included and cannot be read`)
    return false
  }
  try {
    return runFile(machine, full, source, seen)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    machine.notes.push(`the file "${full}" is included and not understood: ${error.message}`)
    return new Unknown(`"${full}" is not understood`)
  }
}

function runFile(machine: Machine, full: string, source: string, seen: Set<string>): PhpValue {
  const statements = parsePhp(source)
  const outer = machine.file
  seen.add(full)
  if (!machine.read.includes(full)) machine.read.push(full)
  machine.file = full
  machine.depth += 1
  try {
    const ending = runStatements(machine, statements)
    if (ending.kind === 'exit' && machine.depth > 1) throw new PhpExit()
    return ending.kind === 'return' ? ending.value : 1
  } finally {
    machine.file = outer
    machine.depth -= 1
  }
}

/** Whether a script may see a file's text by its path; links are resolved first. */
function localFiles(reveal: string[]): PhpFiles {
  const roots = [...reveal, '/run/secrets', '/var/run/secrets'].flatMap((path) => realPath(path) ?? [])
  return {
    readText: readSmallFile,
    mayReveal(path) {
      const real = realPath(path)
      return real === null || roots.some((root) => real.startsWith(`${root}/`))
    },
    exists(path) {
      const stat = statSync(path, { throwIfNoEntry: false })
      return stat === undefined ? null : stat.isDirectory() ? 'directory' : 'file'
    },
  }
}

function realPath(path: string): string | null {
  try {
    return realpathSync(path)
  } catch {
    return null
  }
}

/** Opened without waiting: a pipe or device in the place of a configuration would hang the server. */
export function readSmallFile(path: string): string | null {
  let fd: number
  try {
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return null
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch {
    return null
  }
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile() || stat.size > sizeBytesMax) return null
    const bytes = readFileSync(fd)
    const text = bytes.toString('utf8')
    return text.includes('\ufffd') && !bytes.includes('\ufffd') ? bytes.toString('latin1') : text
  } finally {
    closeSync(fd)
  }
}
