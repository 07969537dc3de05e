import { Argument } from '@commander-js/extra-typings'
import { type Invoke, makeCommand } from '../command.ts'
import { type CompletionWords, bashCompletion, fishCompletion, zshCompletion } from '../completion.ts'
import { singleOf } from '../output/data.ts'

const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion }

export function completion(invoke: Invoke, words: () => CompletionWords) {
  return makeCommand('completion', {
    summary: 'Print a completion script for a shell',
    examples: [
      ['completion bash > /etc/bash_completion.d/cairn', 'bash'],
      ['completion zsh > /usr/local/share/zsh/site-functions/_cairn', 'zsh'],
      ['completion fish > ~/.config/fish/completions/cairn.fish', 'fish'],
    ],
  })
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish'] as const))
    .action((shell) =>
      invoke(async () => ({
        data: singleOf([{ name: 'script', title: 'Script' }], { script: scripts[shell](words()).trimEnd() }, 'script'),
      })),
    )
}
