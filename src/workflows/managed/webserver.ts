import { relative } from 'node:path'
import { readReleaseFile } from '../../releases/managed/describeRelease.ts'
import { placeOf, releasePaths } from '../../releases/managed/layout.ts'
import { type WebserverConfig, webserverConfig } from '../../runtime/webserverConfig.ts'
import type { Environment } from '../../sites/environment.ts'

/** What nginx and PHP-FPM need for an environment that has a release. @param fpmProgram null for the usual one */
export function webserverOf(environment: Environment, fpmProgram: string | null): WebserverConfig {
  const { site, name, framework, codeRoot, docroot, url } = environment
  const place = placeOf(environment)
  const { code } = readReleaseFile(releasePaths(place, environment.managed?.release ?? 0).release)
  const { hostname, port, protocol } = new URL(url ?? `http://${name}-${site}.localhost`)
  return webserverConfig({
    ...{ place, site, environment: name, framework, docroot: relative(codeRoot, docroot) },
    filesPath: code?.filesPath ?? 'files',
    serverNames: [hostname],
    // in front of https stands what has the certificate
    listen: protocol === 'http:' && port !== '' ? port : '80',
    ...(fpmProgram === null ? {} : { fpmProgram }),
  })
}
