import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runChild } from '../../base/spawn.ts'
import { phpCases } from './readPhp.suite.ts'

/** What is known by reading must be what PHP itself computes, with the same environment. */
test('readPhp() agrees with PHP on every case that it knows', async () => {
  const root = mkdtempSync(join(tmpdir(), 'cairn-php-'))
  try {
    const differing: string[] = []
    for (const [name, text, wanted, options] of phpCases.filter(([, , value]) => value !== '?' && value !== '-')) {
      const file = join(root, 'case.php')
      writeFileSync(file, `<?php\n${text}`)
      const ask = `ob_start(); $_ENV = getenv(); require $argv[1]; ob_end_clean(); fwrite(STDOUT, "\\n" . json_encode(A));`
      const env: Record<string, string> = { ...(options?.environment ?? { HTTP_HOST: 'example.test', HOST: 'db' }) }
      const { stdout } = await runChild('php', ['-d', 'display_errors=0', '-d', 'variables_order=EGPCS', '-r', ask, '--', file], {
        env,
        allow: [0, 255],
      })
      const last = stdout.trim().split('\n').at(-1) ?? ''
      const answer: unknown = last.startsWith('"') || /^[\dt]/.test(last) ? JSON.parse(last) : last
      if (answer !== wanted) differing.push(`${name}: PHP says ${JSON.stringify(answer)}, we ${JSON.stringify(wanted)}`)
    }
    expect(differing).toEqual([])
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
})
