import { createHmac, type KeyObject } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { combineCrc } from '../archive/crc.ts'
import { encodeGlue, GLUE_VERSION, tarEndBytes } from '../archive/glue.ts'
import { gzipHeader, gzipTrailerBytes } from '../archive/gzip.ts'
import { Failure } from '../base/failure.ts'
import { elements } from '../contract/words.ts'
import { chunkRefBytes, packChunkRef, readChunkRef } from './chunkRef.ts'
import type { Manifest, PageSummary } from './types.ts'

/** The canonical JSON of a root: keys in order, no blanks, bytes as base64url; equal manifests give equal bytes. */
export function encodeManifest(manifest: Manifest): Buffer {
  const pages = manifest.pages.map((page) => ({
    ...page,
    ref: packChunkRef(page.ref).toString('base64url'),
    firstPath: page.firstPath.toString('base64url'),
    digest: page.digest.toString('base64url'),
  }))
  return Buffer.from(canonicalJson({ ...manifest, pages }))
}

/** @throws {Failure} MANIFEST_DAMAGED for anything but a whole root whose numbers agree with those of its pages */
export function decodeManifest(bytes: Uint8Array): Manifest {
  const root = parseObject(bytes)
  if (root['version'] !== 1) throw damaged(`it has version ${JSON.stringify(root['version'])}, and this Cairn reads version 1`)
  const form = oneOf(root, 'form', ['tar', 'sql'] as const)
  const pages = parsePages(list(root, 'pages'))
  const manifest: Manifest = {
    version: 1,
    element: oneOf(root, 'element', elements),
    archivePrefix: text(root, 'archivePrefix'),
    glueVersion: count(root, 'glueVersion'),
    chunker: text(root, 'chunker'),
    form,
    entryCount: count(root, 'entryCount'),
    rawBytes: count(root, 'rawBytes'),
    archiveLength: count(root, 'archiveLength'),
    archiveCrc: count(root, 'archiveCrc'),
    archiveRawLength: count(root, 'archiveRawLength'),
    etag: text(root, 'etag'),
    madeAt: text(root, 'madeAt'),
    pages,
    facts: object(root['facts'], 'facts'),
  }
  if (manifest.glueVersion !== GLUE_VERSION) {
    throw damaged(`its archive needs glue version ${manifest.glueVersion}, and this Cairn makes version ${GLUE_VERSION}`)
  }
  if (Number.isNaN(Date.parse(manifest.madeAt))) throw damaged('"madeAt" is no time')
  const joint = pages.findIndex((page, index) => page.padIn !== (pages[index - 1]?.padOut ?? 0))
  if (joint >= 0) throw damaged(`page ${joint} does not begin where the page before ends`)
  for (const [name, value] of Object.entries(totals(form, pages))) {
    const found = manifest[name as keyof ReturnType<typeof totals>]
    if (found !== value) throw damaged(`"${name}" is ${found}, but its pages make ${value}`)
  }
  return manifest
}

/** What of a root the caller knows; the rest follows from the pages. */
export type ManifestFacts = Pick<
  Manifest,
  'element' | 'archivePrefix' | 'chunker' | 'form' | 'rawBytes' | 'madeAt' | 'pages' | 'facts'
>

/**
 * @param etagKey the repository's `keys.etag`
 * @throws {Error} when a page was summarized with another padding than the page before leaves
 */
export function buildManifest(facts: ManifestFacts, etagKey: KeyObject): Manifest {
  const joint = facts.pages.findIndex((page, index) => page.padIn !== (facts.pages[index - 1]?.padOut ?? 0))
  if (joint >= 0) throw new Error(`page ${joint} was summarized with a wrong padding`)
  return {
    ...facts,
    version: 1,
    glueVersion: GLUE_VERSION,
    ...totals(facts.form, facts.pages),
    archiveCrc: crcOf(facts.form, facts.pages),
    etag: etagOf(facts, etagKey),
  }
}

/** The last glue of an archive: padding of the last body and two zero blocks; nothing behind a dump. */
export function lastGlue(form: Manifest['form'], pages: readonly PageSummary[]): Buffer {
  return form === 'sql' ? Buffer.alloc(0) : Buffer.alloc((pages.at(-1)?.padOut ?? 0) + tarEndBytes)
}

function totals(form: Manifest['form'], pages: readonly PageSummary[]) {
  const last = lastGlue(form, pages)
  let entryCount = 0
  let archiveLength = gzipHeader.length + gzipTrailerBytes + (last.length === 0 ? 0 : encodeGlue(last).length)
  let archiveRawLength = last.length
  for (const page of pages) {
    entryCount += page.entryCount
    archiveLength += page.archiveLength
    archiveRawLength += page.rawLength
  }
  return { entryCount, archiveLength, archiveRawLength }
}

/** Not checked when a root is read: 5 µs a page, and every proof of the archive checks it. */
function crcOf(form: Manifest['form'], pages: readonly PageSummary[]): number {
  const last = lastGlue(form, pages)
  const bodies = pages.reduce((crc, page) => combineCrc(crc, page.crc, page.rawLength), 0)
  return combineCrc(bodies, crc32(last), last.length)
}

/** A strong validator without its quotes: keyed, so that it tells nothing about contents to who has no key. */
function etagOf(facts: ManifestFacts, key: KeyObject): string {
  const mac = createHmac('sha256', key).update(`cairn archive etag\0${facts.form}\0${GLUE_VERSION}\0`)
  for (const page of facts.pages) mac.update(page.digest)
  return mac.update(Buffer.from(`\0${facts.pages.at(-1)?.padOut ?? 0}`)).digest('base64url')
}

/** JSON with the keys of every object in order (by UTF-16 units); what JSON leaves out is left out here too. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

type Fields = Record<string, unknown>

/**
 * Thousands of pages, read by code that nothing has warmed up: their bytes are decoded into one piece of memory, and no
 * object is copied.
 */
function parsePages(values: readonly unknown[]): PageSummary[] {
  const slab = Buffer.allocUnsafeSlow(values.reduce<number>((sum, value) => sum + slabBytes(object(value, 'pages')), 0))
  let at = 0
  const bytes = (from: Fields, name: string): Buffer => {
    const start = at
    at += slab.write(text(from, name), at, 'base64url')
    return slab.subarray(start, at)
  }
  return values.map((value) => {
    const page = value as Fields
    const refAt = at
    const ref = bytes(page, 'ref')
    if (ref.length !== chunkRefBytes) throw damaged(`a reference has ${ref.length} bytes`)
    const digest = bytes(page, 'digest')
    if (digest.length !== digestBytes) throw damaged(`a digest has ${digest.length} bytes`)
    const padIn = count(page, 'padIn')
    const padOut = count(page, 'padOut')
    if (padIn > 511 || padOut > 511) throw damaged('a padding is longer than a block')
    return {
      ref: readChunkRef(slab, refAt),
      firstPath: bytes(page, 'firstPath'),
      entryCount: count(page, 'entryCount'),
      archiveLength: count(page, 'archiveLength'),
      rawLength: count(page, 'rawLength'),
      crc: count(page, 'crc'),
      digest,
      padIn,
      padOut,
    }
  })
}

const digestBytes = 32

/** Room for whatever these texts may hold */
function slabBytes(page: Fields): number {
  const firstPath = page['firstPath']
  return chunkRefBytes + digestBytes + (typeof firstPath === 'string' ? firstPath.length : 0)
}

function parseObject(bytes: Uint8Array): Fields {
  try {
    return object(JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()), 'root')
  } catch (error) {
    if (error instanceof SyntaxError) throw damaged('it is no JSON')
    throw error
  }
}

function object(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(`"${name}" is no object`)
  return value as Fields
}

function list(from: Fields, name: string): unknown[] {
  const value = from[name]
  return Array.isArray(value) ? value : refuse(`"${name}" is no list`)
}

function text(from: Fields, name: string): string {
  const value = from[name]
  return typeof value === 'string' ? value : refuse(`"${name}" is no text`)
}

function count(from: Fields, name: string): number {
  const value = from[name]
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : refuse(`"${name}" is no whole number`)
}

function oneOf<T extends string>(from: Fields, name: string, values: readonly T[]): T {
  return values.find((value) => value === from[name]) ?? refuse(`"${name}" is ${JSON.stringify(from[name])}`)
}

function refuse(found: string): never {
  throw damaged(found)
}

function damaged(found: string): Failure {
  return new Failure('MANIFEST_DAMAGED', `Cannot read a manifest: ${found}`)
}
