/** What can be completed: the commands, and the long options of each beside those that all have. */
export interface CompletionWords {
  commands: { name: string; summary: string; options: string[] }[]
  options: string[]
}

/** Bash splits words at colons: the word is put together again, and what stands before its last colon is cut off the answers. */
export function bashCompletion({ commands, options }: CompletionWords): string {
  const cases = commands.map((command) => `    ${command.name}) words="${[...command.options, ...options].join(' ')}" ;;`)
  return `# bash completion for cairn
_cairn() {
  local line="\${COMP_LINE:0:COMP_POINT}" cur first words
  cur="\${line##*[[:space:]]}"
  read -r _ first _ <<< "$line"
  if [[ "$first" == "$cur" ]]; then
    words="${commands.map(({ name }) => name).join(' ')}"
  else case "$first" in
${cases.join('\n')}
    *) words="" ;;
  esac fi
  COMPREPLY=( $(compgen -W "$words" -- "$cur") )
  if [[ "$cur" == *:* && "$COMP_WORDBREAKS" == *:* ]]; then
    local head="\${cur%:*}:" i
    for i in "\${!COMPREPLY[@]}"; do COMPREPLY[i]="\${COMPREPLY[i]#"$head"}"; done
  fi
}
complete -o default -F _cairn cairn
`
}

export function zshCompletion({ commands, options }: CompletionWords): string {
  const described = commands.map(({ name, summary }) => `    ${quoteZsh(`${name.replaceAll(':', '\\:')}:${summary}`)}`)
  const cases = commands.map(
    (command) => `    ${quoteZsh(command.name)}) words=(${[...command.options, ...options].join(' ')}) ;;`,
  )
  return `#compdef cairn
_cairn() {
  local -a commands words_of_cairn
  commands=(
${described.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    return
  fi
  local -a words
  case "\${(Q)\${(z)BUFFER}[2]}" in
${cases.join('\n')}
  esac
  if [[ "$PREFIX" == -* ]]; then compadd -- $words; else _files; fi
}
compdef _cairn cairn
`
}

export function fishCompletion({ commands, options }: CompletionWords): string {
  const lines = commands.flatMap(({ name, summary, options: own }) => [
    `complete -c cairn -f -n __fish_use_subcommand -a ${quoteFish(name)} -d ${quoteFish(summary)}`,
    ...own.map(
      (option) => `complete -c cairn -n ${quoteFish(`__fish_seen_subcommand_from ${name}`)} -l ${option.replace(/^--/, '')}`,
    ),
  ])
  return `# fish completion for cairn
${lines.join('\n')}
${options.map((option) => `complete -c cairn -l ${option.replace(/^--/, '')}`).join('\n')}
`
}

function quoteZsh(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function quoteFish(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
