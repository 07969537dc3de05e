// The bench itself; run.ts compiles and starts it.
import { join } from 'node:path'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { childEnd, startChild } from '../../src/base/spawn.ts'
import { dashboard } from './dashboard.ts'
import { database } from './database.ts'
import { files } from './files.ts'
import { BenchHouse } from './house.ts'
import { managed } from './managed.ts'
import { type Measurement, takeRows } from './measurement.ts'
import { memory } from './memory.ts'
import { reading } from './reading.ts'
import { type BenchRow, machine, printTable } from './table.ts'

const groups: Record<string, readonly Measurement[]> = { files, database, reading, managed, dashboard, memory }
const packages = [
  ...['restic', 'tar', 'gzip', 'time', 'curl', 'unzip', 'mariadb-server', 'mariadb-client', 'libisal2', 'git', 'util-linux'],
  ...['php-cli', 'php-fpm', 'php-mysql', 'php-xml', 'php-mbstring', 'xfsprogs'],
]

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    row: { type: 'string', default: '' },
  },
})
const wanted = values.only?.split(',') ?? Object.keys(groups)
const unknown = wanted.filter((name) => groups[name] === undefined)
if (unknown.length > 0) {
  say(`There is no group "${unknown.join('", "')}"; choose from ${Object.keys(groups).join(', ')}`)
  process.exit(2)
}

await installPeers()
const house = await BenchHouse.open({ quick: values.quick, say })
const rows: BenchRow[] = []
try {
  for (const name of wanted) {
    for (const measurement of groups[name] ?? []) {
      if (!measurement.rows.some(({ work }) => work.includes(values.row))) continue
      say(`${name}: ${measurement.rows[0]?.work}${measurement.rows.length > 1 ? ' …' : ''}`)
      const taken = await takeRows(measurement, house)
      rows.push(...taken)
      say(printTable(taken).split('\n').slice(2).join('\n'))
    }
  }
} finally {
  await house.close()
}
const load = loadavg()
  .map((value) => value.toFixed(1))
  .join(' ')
say(`load ${load}`)
console.log(values.json ? JSON.stringify({ machine: machine(), rows }) : `${machine()}\n\n${printTable(rows)}`)
process.exit(0)

/** Through the set-up that tests use. On a machine without apt, or without the right to it, what is missing skips its rows. */
async function installPeers(): Promise<void> {
  const setup = join(import.meta.dirname, '../../script/setup.sh')
  const child = startChild('bash', ['-c', '. "$0" && need_packages "$@"', setup, ...packages], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const { code } = await childEnd(child)
  if (code !== 0) say('Not all peers could be installed: rows that need them will be skipped')
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
