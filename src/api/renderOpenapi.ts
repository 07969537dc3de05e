import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildApi } from './buildApi.ts'
import type { ApiDeps } from './deps.ts'
import { describe } from './openapi.ts'

/** The committed description; clients are written against it, so a change of it is a change that a reviewer sees. */
export const openapiFile = join(import.meta.dirname, '../../openapi.json')

/** Enough to register routes, and to call none of them. */
export const nothingBehind = {
  ...{ publicUrl: () => '', version: '', instance: '', trustProxy: false, log: null, store: {} },
  queue: { onChange: () => () => {} },
} as unknown as ApiDeps

/** The description as it should be committed. No route is called, so nothing that it needs has to be there. */
export async function renderOpenapi(): Promise<string> {
  const app = await buildApi(nothingBehind)
  try {
    await app.ready()
    return `${JSON.stringify(describe(app), null, 2)}\n`
  } finally {
    await app.close()
  }
}

export async function writeOpenapi(file: string = openapiFile): Promise<void> {
  writeFileSync(file, await renderOpenapi())
}
