import type { IncomingMessage } from 'node:http'
import { basename, dirname } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { isErrno } from '../base/failure.ts'
import { type ChildEnd, childEnd, startChild } from '../base/spawn.ts'
import { gitEnvironment, lastWords } from './git.ts'
import type { SiteRepository } from './siteRepository.ts'

export interface Backend {
  stdin: Writable
  stdout: Readable
  ended: Promise<ChildEnd>
  words(): string
  /** Asks git and all its children to end, and makes them after 5 s; harmless when they have */
  end(): void
}

/**
 * Starts `git http-backend` for one request.
 *
 * @param options.barred refs below refs/heads and refs/tags that this push may not touch: git refuses them, ref by ref, in
 *   words that the client shows, and takes the others
 */
export function startBackend(
  repository: SiteRepository,
  request: IncomingMessage,
  options: { path: string; query: string; allowForce: boolean; barred: readonly string[]; writes: boolean },
): Backend {
  const settings = [
    ['http.receivepack', 'true'],
    ['http.getanyfile', 'false'],
    ['http.uploadarchive', 'false'],
    // a clone without contents would ask for them by id, which is not answered
    ['uploadpack.allowFilter', 'false'],
    ['receive.denyNonFastForwards', String(!options.allowForce)],
    ['receive.advertisePushOptions', 'false'],
    // the last one that matches counts
    ...['refs', '!refs/heads', '!refs/tags', ...options.barred].map((value) => ['receive.hideRefs', value] as const),
  ] as const
  const { GIT_DIR: _, ...env } = gitEnvironment(repository.directory, { settings, writes: options.writes })
  const child = startChild('git', ['http-backend'], {
    cwd: repository.directory,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true, // a group of its own, to be ended with all its children
    env: {
      ...env,
      GIT_PROJECT_ROOT: dirname(repository.directory),
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: `/${basename(repository.directory)}/${options.path}`,
      REQUEST_METHOD: request.method ?? 'GET',
      QUERY_STRING: options.query,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      REMOTE_USER: 'cairn',
      REMOTE_ADDR: '127.0.0.1',
    },
  })
  const { stdin, stdout, pid } = child
  if (stdin === null || stdout === null) throw new Error('startBackend: no pipes')
  stdin.on('error', () => {}) // told by the exit code
  const ended = childEnd(child)
  let hasEnded = false
  const mark = (): void => void (hasEnded = true)
  ended.then(mark, mark)
  const signal = (name: NodeJS.Signals): void => {
    if (hasEnded || pid === undefined) return
    try {
      process.kill(-pid, name)
    } catch (error) {
      if (!isErrno(error, 'ESRCH')) throw error
    }
  }
  let timer: NodeJS.Timeout | undefined
  return {
    stdin,
    stdout,
    ended: ended.finally(() => clearTimeout(timer)),
    words: lastWords(child),
    end() {
      signal('SIGTERM') // git removes its quarantine
      timer ??= setTimeout(() => signal('SIGKILL'), 5000)
    },
  }
}
