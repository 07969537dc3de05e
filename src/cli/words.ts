/** Options of every command that take a value in the next word: it is no command. */
const withValue = ['--format', '--fields', '--field']

/**
 * Joins a command written with a space (`backup create`) to its name (`backup:create`), and takes `repository:key:export`
 * apart. Anything else stays as it is.
 */
export function joinCommand(argv: readonly string[], names: readonly string[]): string[] {
  const topics = new Set(names.filter((name) => name.includes(':')).map((name) => name.split(':', 1)[0] ?? name))
  const at = nextWord(argv, 0)
  if (at === null) return [...argv]
  if (argv[at] === 'help') return [...argv.slice(0, at + 1), ...joinCommand(argv.slice(at + 1), names)]
  const first = argv[at] ?? ''
  const parts = first.split(':')
  if (parts.length === 3 && names.includes(parts.slice(0, 2).join(':'))) {
    return [...argv.slice(0, at), parts.slice(0, 2).join(':'), parts[2] ?? '', ...argv.slice(at + 1)]
  }
  if (!topics.has(first)) return [...argv]
  const next = nextWord(argv, at + 1)
  if (next === null) return [...argv]
  return [...argv.slice(0, at), `${first}:${argv[next]}`, ...argv.slice(at + 1, next), ...argv.slice(next + 1)]
}

export function nextWord(argv: readonly string[], from: number): number | null {
  for (let i = from; i < argv.length; i++) {
    const word = argv[i] ?? ''
    if (word === '--') return null
    if (!word.startsWith('-')) return i
    if (withValue.includes(word)) i += 1
  }
  return null
}
