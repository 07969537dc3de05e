import { type Found, type Replacer, applyEdits, nothing } from './edits.ts'

/** The keys that a container holds besides, for the containers in which one changes. */
export type KeysTaken = (container: number) => Set<string>

/**
 * Reads the keys of those containers in which a key changes: two that become the same would lose one of their values.
 *
 * @param strings what may change; `container` is -1 for what is no key
 * @param walk tells all strings of the value, the same way
 */
export function keysTaken(
  strings: readonly { container: number; key: string }[],
  replacer: Replacer,
  walk: (visit: (container: number, key: () => string) => void) => void,
): KeysTaken {
  const taken = new Map<number, Set<string>>()
  for (const { container, key } of strings) {
    if (container >= 0 && replacer.find(key).length > 0) taken.set(container, new Set())
  }
  if (taken.size > 0) walk((container, key) => void taken.get(container)?.add(key()))
  return (container) => taken.get(container) ?? new Set()
}

/** A key is a name: plain text, left alone where it belongs to a class (`\0Class\0property`) or where its new name is taken. */
export function findInKey(key: string, replacer: Replacer, taken: Set<string>): Found {
  const edits = key.startsWith('\0') ? [] : replacer.find(key)
  if (edits.length === 0) return nothing
  const changed = applyEdits(key, edits)
  if (taken.has(changed)) return { edits: [], count: 0, needsLook: true }
  taken.add(changed)
  return { edits, count: edits.length, needsLook: false }
}
