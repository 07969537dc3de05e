import { test } from 'vitest'
import { type RealKind, realVariables } from '../servers/realDrupal.ts'

/** Those real sites of which a checkout is given; each other is skipped by name and reason. Sites' code runs only as root. */
export function givenCheckouts(claim: (kind: RealKind) => string): { kind: RealKind; checkout: string }[] {
  return (Object.keys(realVariables) as RealKind[]).flatMap((kind) => {
    const checkout = process.env[realVariables[kind]]
    if (checkout !== undefined && process.getuid?.() === 0) return [{ kind, checkout }]
    const skipped = `${claim(kind)}: needs root, and ${realVariables[kind]} with a checkout that is ready to install`
    console.warn(`SKIPPED: ${skipped}`)
    test.skip(skipped, () => {})
    return []
  })
}
