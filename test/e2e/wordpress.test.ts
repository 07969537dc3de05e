import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { WordPressVersion } from '../servers/wordpress.ts'
import { isSoak } from '../soak.ts'
import { type Ground, openGround } from './ground.ts'
import { type House, startHouse } from './house.ts'
import { restoreRound } from './round.ts'
import { makeSite, type Site } from './site.ts'

let ground: Ground
let house: House
const isRoot = process.getuid?.() === 0
if (!isRoot) console.warn('SKIPPED: WordPress 6.2, 6.5 and 6.7 backed up and restored as root, with owners')

beforeAll(async () => {
  ground = await openGround()
  house = await startHouse({ directory: ground.directory, env: { CAIRN_COMPRESSION: 'balanced' } }) // as people have it
  ground.later(() => house.stop())
})

afterAll(() => ground?.close())

test.runIf(isRoot).each<WordPressVersion>(['6.2', '6.5', '6.7'])(
  'as root: WordPress %s comes back exactly, and the restore of one can be undone and done again',
  async (version) => {
    const site = await siteOf(version)
    expect(site.wordpress.version.startsWith(version)).toBe(true)
    await restoreRound({ house, site, name: `wp${version.replace('.', '')}.dev`, undone: isSoak || version === '6.7' })
  },
)

async function siteOf(version: WordPressVersion): Promise<Site> {
  const name = `wp${version.replace('.', '')}`
  const site = await makeSite({ version, directory: join(ground.directory, name), mariadb: ground.mariadb, name })
  ground.later(() => site.php.stop())
  return site
}
