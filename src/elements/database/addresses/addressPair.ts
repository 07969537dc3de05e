import { domainToASCII } from 'node:url'
import { Failure } from '../../../base/failure.ts'

/** One address that becomes another: `https://old.example`, with a port and a path where they have one. */
export interface AddressPair {
  from: string
  to: string
}

export interface Address {
  /** null keeps the scheme that an occurrence has */
  scheme: 'http' | 'https' | null
  /** Lower case, as bytes of UTF-8 */
  host: string
  port: string | null
  /** Empty, or with a slash in front and none behind */
  path: string
}

const shape = /^(?:(https?):)?(?:\/\/)?([^/:@?#[\]\\\s%"'<>]+)(?::(\d{1,5}))?(\/[^?#\s"'<>\\]*)?$/i

/**
 * Scheme and path may be missing.
 *
 * @throws {Failure} INPUT_INVALID for what is no address of a site
 */
export function parseAddress(address: string): Address {
  const [, scheme, host = '', port, path = ''] = shape.exec(address.trim()) ?? []
  if (host === '' || domainToASCII(host) === '') {
    throw new Failure('INPUT_INVALID', `Cannot replace addresses: "${address}" is no address of a site`, {
      hint: 'Give it as in "https://www.example.com" or "https://example.com:8080/blog"',
    })
  }
  return {
    scheme: scheme === undefined ? null : scheme.toLowerCase() === 'https' ? 'https' : 'http',
    host: bytesOf(host.toLowerCase()),
    port: port ?? null,
    path: bytesOf(path.replace(/\/+$/, '')),
  }
}

/** An address with an international name is looked for in both forms that the name has. */
export function hostForms(address: Address): string[] {
  const ascii = domainToASCII(Buffer.from(address.host, 'latin1').toString('utf8'))
  return [...new Set([address.host, ascii])]
}

export function hostKey(host: string, port: string | null): string {
  return port === null ? host : `${host}:${port}`
}

/** Text as the bytes of its UTF-8 form, one character each. */
export function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1')
}
