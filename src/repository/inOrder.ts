/**
 * Runs `work` for up to `width` items at once and gives the results in the order of the items. An error comes out at its
 * place; what was begun behind it runs on unheard.
 */
export async function* inOrder<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  work: (item: Item) => Promise<Result>,
  width: number,
): AsyncGenerator<Result, void, undefined> {
  const running: Promise<Result>[] = []
  for await (const item of items) {
    const result = work(item)
    result.catch(() => {}) // it is awaited below, or nobody reads on
    running.push(result)
    if (running.length >= width) yield await (running.shift() as Promise<Result>)
  }
  for (const result of running) yield await result
}
