import type { Actor } from '../contract/words.ts'

/** Who made a commit or a tag, and when. */
export interface Signature {
  name: string
  email: string
  at: Date
}

/** An actor as git names people. Only a person has an address; `.invalid` is promised to reach nobody. */
export function signatureOf(actor: Actor, at: Date): Signature {
  const email = actor.kind === 'person' && actor.id.includes('@') ? actor.id : `${actor.id}@${actor.kind}.cairn.invalid`
  return { name: actor.name, email, at }
}

/** The line of a commit: `Name <address> seconds +0000`. Whatever would break it is left out. */
export function signatureLine(signature: Signature): string {
  const seconds = Math.max(0, Math.floor(signature.at.getTime() / 1000))
  return `${plain(signature.name) || 'unknown'} <${plain(signature.email).replaceAll(' ', '')}> ${seconds} +0000`
}

/** The same for commands that read it from their environment. */
export function signatureEnvironment(signature: Signature): Record<string, string> {
  const name = plain(signature.name) || 'unknown'
  const email = plain(signature.email).replaceAll(' ', '')
  const date = `${Math.max(0, Math.floor(signature.at.getTime() / 1000))} +0000`
  return {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_AUTHOR_DATE: `@${date}`,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
    GIT_COMMITTER_DATE: `@${date}`,
  }
}

/** A message without what git cannot hold, and never empty. */
export function messageText(message: string): string {
  const text = message.replaceAll('\0', '').trim()
  return text === '' ? '(no message)\n' : `${text}\n`
}

function plain(text: string): string {
  return text
    .replace(/[<>\p{Cc}]/gu, '')
    .replace(/^[\s.,:;"'\\]+|[\s.,:;"'\\]+$/g, '')
    .trim()
}
