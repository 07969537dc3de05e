import { chmodSync, chownSync, mkdirSync } from 'node:fs'
import type { Server } from 'node:net'
import { join } from 'node:path'
import { writeFileDurably } from '../../base/files.ts'
import { childEnd, startChild } from '../../base/spawn.ts'
import { startRelay } from '../databaseRelay.ts'
import type { ToolRequest, ToolResult } from '../types.ts'
import { confine } from './confine.ts'
import { endMarked } from './mark.ts'
import { makeTrialDirectory, type TrialDirectory } from './trialDirectory.ts'

interface ToolMachine {
  /** PHP for the command line */
  program: string
  hasNamespaces: boolean
  /** Where a run directory is made for each run, and removed again */
  directory: string
}

const memoryMb = 1024
const outputMax = 1 << 20

/** See `PhpRuntime.runTool`. */
export async function runTool(tool: ToolRequest, machine: ToolMachine): Promise<ToolResult> {
  const { place, database } = tool
  const trial = makeTrialDirectory(machine.directory, place)
  let relay: Server | null = null
  try {
    const run = prepare(tool, trial)
    if (!('socket' in database)) relay = await startRelay(trial.relaySocket, database)
    return await execute(tool, machine, run)
  } finally {
    await endMarked(place.uid, trial.mark)
    relay?.close()
    trial.remove()
  }
}

interface ToolRun {
  mark: number
  script: string
  iniDirectory: string
  temporary: string
}

function prepare({ place, script, database }: ToolRequest, { path, mark, relaySocket, temporary }: TrialDirectory): ToolRun {
  const ini = join(path, 'ini')
  mkdirSync(ini)
  chmodSync(ini, 0o755)
  const settings = {
    auto_prepend_file: join(place.directory, 'prepend.php'),
    'mysqli.default_socket': 'socket' in database ? database.socket : relaySocket,
    'pdo_mysql.default_socket': 'socket' in database ? database.socket : relaySocket,
    memory_limit: `${memoryMb}M`,
    sys_temp_dir: temporary,
    sendmail_path: "/bin/sh -c 'cat >/dev/null'",
    display_errors: 'stderr',
    log_errors: '0',
    html_errors: '0',
    allow_url_include: '0',
  }
  // a directory of settings goes on to every PHP that a tool starts by itself
  const lines = Object.entries(settings).map(([name, value]) => `${name} = "${value}"\n`)
  writeFileDurably(join(ini, 'cairn.ini'), lines.join(''), 0o644)
  const written = join(path, 'tool.php')
  if ('text' in script) {
    writeFileDurably(written, script.text, 0o640)
    chownSync(written, 0, place.gid)
  }
  return { mark, script: 'file' in script ? script.file : written, iniDirectory: ini, temporary }
}

async function execute(tool: ToolRequest, machine: ToolMachine, run: ToolRun): Promise<ToolResult> {
  const { place, directory, args, checkSecret, timeoutSeconds, signal } = tool
  const { uid, gid } = place
  const walls = { uid, gid, mark: run.mark, noNewPrivileges: true, noNetwork: true }
  const [command, list] = confine(machine.program, [run.script, ...args], walls, machine.hasNamespaces)
  const child = startChild(command, list, {
    cwd: directory,
    env: {
      PHP_INI_SCAN_DIR: `:${run.iniDirectory}`,
      PATH: '/usr/local/bin:/usr/bin:/bin',
      ...{ HOME: run.temporary, TMPDIR: run.temporary, LC_ALL: 'C.UTF-8', TERM: 'dumb', COLUMNS: '200' },
      // not current, and under maintenance perhaps: let through all the same, its database at PHP's default socket
      ...{ CAIRN_CHECK: checkSecret, CAIRN_BOOT: '1' },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let output = ''
  let errors = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-outputMax)))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-outputMax)))
  let isLate = false
  // what it has started holds its pipes: all of it has to go, also what takes the mark on after a look
  let sweeping: NodeJS.Timeout | undefined
  const kill = (): void => {
    child.kill('SIGKILL')
    const sweep = (): void => void endMarked(uid, run.mark).catch(() => {}) // tried again in the end, and told there
    sweep()
    sweeping ??= setInterval(sweep, 250)
  }
  const timer = setTimeout(() => ((isLate = true), kill()), timeoutSeconds * 1000)
  signal?.addEventListener('abort', kill, { once: true })
  if (signal?.aborted === true) kill()
  try {
    const { code } = await childEnd(child)
    return { code, output, errors, isLate, isIsolated: machine.hasNamespaces }
  } finally {
    clearTimeout(timer)
    clearInterval(sweeping)
    signal?.removeEventListener('abort', kill)
  }
}
