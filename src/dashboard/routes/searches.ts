import type { Element } from '../../contract/words.ts'

export type Asked = Record<string, unknown>
/** Nothing has to stand in an address: what is not there is what a page begins with. */
export const search =
  <T extends object>(read: (asked: Asked) => T) =>
  (asked: Asked): Partial<T> =>
    read(asked)
export const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
export const count = (value: unknown): number | undefined =>
  Number.isInteger(Number(value)) && Number(value) > 1 ? Number(value) : undefined
export const oneOf = <T extends string>(allowed: readonly T[], value: unknown): T | undefined =>
  allowed.find((one) => one === value)

/** `code,files` */
export function readElements(value: unknown): Element[] | undefined {
  if (!Array.isArray(value)) return undefined
  const found = (['code', 'files', 'database'] as const).filter((element) => value.includes(element))
  return found.length === 0 ? undefined : [...found]
}
