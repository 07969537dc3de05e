import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { findPhpMasters } from './checkPhp.ts'

const called = (name: string): string => `exec -a 'php-fpm: master process (/etc/${name}/php-fpm.conf)' sleep 60`

test('PHP-FPM that Cairn runs for its managed sites is none that might serve an attached one', async () => {
  const ours = spawn('bash', ['-c', called('ours')])
  const maker = spawn('bash', ['-c', `(${called('theirs')}) >/dev/null & echo $!`], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [pid] = (await once(maker.stdout, 'data')) as [Buffer]
  try {
    await once(maker, 'close') // from now on it is nobody's child
    await expect.poll(() => said()).toContain('/etc/theirs/')
    expect(said()).not.toContain('/etc/ours/')
  } finally {
    ours.kill()
    process.kill(Number(pid))
  }
})

const said = (): string =>
  findPhpMasters()
    .map(({ config }) => config)
    .join('\n')
