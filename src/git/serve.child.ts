// A server process of git.real.test.ts, to be killed: serves the repository named and prints its address.
import { serveRepository } from './httpServer.suite.ts'
import { openSiteRepository } from './siteRepository.ts'

const repository = await openSiteRepository(process.argv[2] as string)
const { url, options } = await serveRepository(repository)
options.allowForce = true
process.stdout.write(`${url}\n`)
