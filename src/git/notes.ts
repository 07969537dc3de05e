import { runGit } from './git.ts'
import { messageText, type Signature, signatureEnvironment } from './signature.ts'
import type { SiteRepository } from './siteRepository.ts'

const notesRef = 'refs/notes/cairn'

/** Writes a note on a commit (`git log --notes=cairn` shows it), over one that is there. */
export async function writeNote(repository: SiteRepository, commit: string, text: string, author: Signature): Promise<void> {
  await runGit(repository, ['notes', `--ref=${notesRef}`, 'add', '-f', '-F', '-', commit], {
    input: messageText(text),
    env: signatureEnvironment(author),
    writes: true,
  })
}

export async function readNote(repository: SiteRepository, commit: string): Promise<string | null> {
  const { code, output } = await runGit(repository, ['notes', `--ref=${notesRef}`, 'show', commit], { allow: [0, 1] })
  return code === 0 ? output.toString().trimEnd() : null
}
