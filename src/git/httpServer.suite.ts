// A plain HTTP server in front of a site's repository, for tests with real clients.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isDeployTag } from './deployTags.ts'
import { type GitAnswer, type GitService, type ServeOptions, serveGit } from './httpBackend.ts'
import type { SiteRepository } from './siteRepository.ts'

export interface TestServer {
  url: string
  answers: GitAnswer[]
  /** Changed between requests */
  options: Pick<ServeOptions, 'allowForce' | 'idleMs' | 'services'>
  /** Until all answers are counted: a client may be gone a moment before */
  settled(): Promise<unknown>
  close(): Promise<void>
}

export async function serveRepository(repository: SiteRepository): Promise<TestServer> {
  const answers: GitAnswer[] = []
  const pending: Promise<unknown>[] = []
  const services = new Set<GitService>(['git-upload-pack', 'git-receive-pack'])
  const options: TestServer['options'] = { allowForce: false, services }
  const server: Server = createServer((request, response) => {
    const [path = '', query = ''] = (request.url ?? '').split('?')
    const rest = path.replace(/^\/site\.git\//, '')
    const mayUpdate = (ref: string): boolean => !isDeployTag(ref)
    void serveGit(repository, request, response, { ...options, path: rest, query, mayUpdate }).then((answer) =>
      answers.push(answer),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/site.git`,
    answers,
    options,
    settled: () => Promise.all(pending),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
