import { Failure } from '../base/failure.ts'
import { gitText } from './git.ts'
import { listRefs, moveRefs } from './refs.ts'
import { messageText, type Signature, signatureLine } from './signature.ts'
import type { SiteRepository } from './siteRepository.ts'

export interface DeployTag {
  /** `cairn_live_3`: the third deploy to live. Numbers begin with 1 and are never used again while the tag stands */
  name: string
  number: number
  commit: string
}

const tries = 20

/** True for the tags that only a deploy may make, move or delete. */
export function isDeployTag(ref: string): boolean {
  return /^refs\/tags\/cairn_[^/]*$/.test(ref)
}

/**
 * Tags the commit of a deploy or of a restore with the next number of its environment; the note is the tag's message. Two
 * at the same time get two numbers.
 */
export async function tagDeploy(
  repository: SiteRepository,
  options: { environment: string; commit: string; note: string; tagger: Signature },
): Promise<DeployTag> {
  if (!/^[a-z0-9]{1,11}$/.test(options.environment)) {
    throw new Failure(
      'INPUT_INVALID',
      `Cannot tag for environment "${options.environment}": its name has letters and digits only`,
    )
  }
  for (let attempt = 1; ; attempt += 1) {
    const number = 1 + ((await listDeployTags(repository, options.environment)).at(-1)?.number ?? 0)
    const name = `cairn_${options.environment}_${number}`
    const lines = [`object ${options.commit}`, 'type commit', `tag ${name}`, `tagger ${signatureLine(options.tagger)}`]
    const input = `${lines.join('\n')}\n\n${messageText(options.note)}`
    const id = await gitText(repository, ['mktag'], { input, writes: true })
    try {
      await moveRefs(repository, [{ ref: `refs/tags/${name}`, from: null, to: id }])
      return { name, number, commit: options.commit }
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'CODE_MOVED' || attempt === tries) throw error
    }
  }
}

/** The deploys of an environment, first to last. */
export async function listDeployTags(repository: SiteRepository, environment: string): Promise<DeployTag[]> {
  const refs = await listRefs(repository, [`refs/tags/cairn_${environment}_*`])
  return refs
    .flatMap(({ name, commit }) => {
      const number = /_([1-9][0-9]{0,8})$/.exec(name)?.[1]
      return number === undefined ? [] : [{ name: name.slice('refs/tags/'.length), number: Number(number), commit }]
    })
    .sort((a, b) => a.number - b.number)
}
