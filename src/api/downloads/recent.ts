/**
 * Remembers the last few results by key, the least recently used one goes first. Two callers at once share one call; a call
 * that failed is not remembered.
 */
export function keepRecent<Args extends unknown[], T>(
  entriesMax: number,
  make: (...args: Args) => Promise<T>,
): (key: string, ...args: Args) => Promise<T> {
  const kept = new Map<string, Promise<T>>()
  return (key, ...args) => {
    const made = kept.get(key) ?? make(...args)
    kept.delete(key)
    kept.set(key, made)
    made.catch(() => kept.get(key) === made && kept.delete(key))
    const [oldest] = kept.keys()
    if (kept.size > entriesMax && oldest !== undefined) kept.delete(oldest)
    return made
  }
}
