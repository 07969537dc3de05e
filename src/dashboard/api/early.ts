/** What `public/early.js` asked for before the dashboard was there; null where nothing answered. */
const asked: Map<string, Promise<Response | null>> = (globalThis as { early?: Map<string, Promise<Response | null>> }).early ??
new Map()

/**
 * The answer to a question that was asked ahead, once; null where the question has to be asked now. Whatever is changed makes the
 * answers old: then there are none.
 */
export async function takeEarly(method: string, path: string): Promise<Response | null> {
  if (method !== 'GET') asked.clear()
  const answer = asked.get(path)
  asked.delete(path)
  return (await answer) ?? null
}
