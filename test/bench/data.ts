import { createCipheriv, createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestMariadb } from '../servers/mariadb.ts'
import { unpackWordPress } from '../servers/wordpress.ts'

/** A seeded source of numbers in [0, 1): the same data in every run and on every machine. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 4_294_967_296
  }
}

/** WordPress 6.5 with uploads, most of which look like JPEGs to a compressor: 48 MB of 112 with 190 originals. */
export async function makeTree(directory: string, originals: number): Promise<void> {
  await unpackWordPress('6.5', directory)
  makeUploads(join(directory, 'wp-content/uploads'), originals)
}

/** About a quarter of a megabyte an upload: an original, three smaller sizes, and text notes beside. */
export function makeUploads(directory: string, originals: number): void {
  const chance = seeded(42)
  const noise = createCipheriv('aes-256-ctr', createHash('sha256').update('uploads').digest(), Buffer.alloc(16))
  const image = (bytes: number): Buffer => Buffer.concat([jpegHead, noise.update(Buffer.alloc(bytes))])
  for (let i = 0; i < originals; i++) {
    const folder = join(directory, `202${i % 5}`, String(1 + (i % 12)).padStart(2, '0'))
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `image-${i}.jpg`), image(60_000 + Math.floor(chance() * chance() * 500_000)))
    writeFileSync(join(folder, `image-${i}-150x150.jpg`), image(4_000 + Math.floor(chance() * 4_000)))
    writeFileSync(join(folder, `image-${i}-300x200.jpg`), image(9_000 + Math.floor(chance() * 9_000)))
    writeFileSync(join(folder, `image-${i}-768x512.jpg`), image(30_000 + Math.floor(chance() * 30_000)))
  }
  const words = vocabulary(chance)
  for (let i = 0; i < Math.ceil(originals * 1.3); i++) {
    const folder = join(directory, 'docs', String(i % 10))
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `note-${i}.txt`), prose(words, chance, 2_000 + Math.floor(chance() * 20_000)))
  }
}

/** What WordPress cuts a photo of twelve megapixels into, in bytes of JPEG, about; the last is the photo itself. */
const photoSizes = {
  '-150x150': 8e3,
  '-300x225': 16e3,
  '-768x576': 80e3,
  '-1024x768': 130e3,
  '-1536x1152': 270e3,
  '-scaled': 620e3,
  '': 2.2e6,
}

/** 3.3 MB a photo, in seven files. */
export function makePhotos(directory: string, photos: number): void {
  const chance = seeded(43)
  const noise = createCipheriv('aes-256-ctr', createHash('sha256').update('photos').digest(), Buffer.alloc(16))
  for (let i = 0; i < photos; i++) {
    const folder = join(directory, `202${i % 5}`, String(1 + (i % 12)).padStart(2, '0'))
    mkdirSync(folder, { recursive: true })
    const weight = 0.7 + 0.6 * chance()
    for (const [suffix, bytes] of Object.entries(photoSizes)) {
      const body = noise.update(Buffer.alloc(Math.floor(bytes * weight)))
      writeFileSync(join(folder, `photo-${i}${suffix}.jpg`), Buffer.concat([jpegHead, body]))
    }
  }
}

const jpegHead = Buffer.from('ffd8ffe000104a46494600010100000100010000ffdb004300', 'hex')

function vocabulary(chance: () => number): string[] {
  return Array.from({ length: 4000 }, () => {
    let word = ''
    for (let n = 2 + Math.floor(chance() * 9); n > 0; n--) word += String.fromCharCode(97 + Math.floor(chance() * 26))
    return word
  })
}

function prose(words: string[], chance: () => number, bytes: number): string {
  let text = ''
  while (text.length < bytes) text += `${words[Math.floor(chance() * chance() * words.length)]}${chance() < 0.1 ? '.\n' : ' '}`
  return text
}

/** Posts and their meta rows, about 100 MB as a dump. */
export async function makeDatabase(mariadb: TestMariadb, name: string, megabytes = 100): Promise<void> {
  const chance = seeded(7)
  const words = vocabulary(chance)
  await mariadb.admin(`CREATE OR REPLACE DATABASE \`${name}\` CHARACTER SET utf8mb4`)
  await mariadb.admin(
    `CREATE TABLE wp_posts (ID bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, post_author bigint unsigned NOT NULL, post_date datetime NOT NULL,
       post_content longtext NOT NULL, post_title text NOT NULL, post_status varchar(20) NOT NULL, guid varchar(255) NOT NULL, KEY post_author (post_author));
     CREATE TABLE wp_postmeta (meta_id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, post_id bigint unsigned NOT NULL, meta_key varchar(255), meta_value longtext,
       KEY post_id (post_id), KEY meta_key (meta_key(191)));`,
    name,
  )
  let bytes = 0
  for (let id = 1; bytes < megabytes * 1e6;) {
    const posts: string[] = []
    const meta: string[] = []
    for (let n = 0; n < 200; n++, id++) {
      const body = prose(words, chance, 500 + Math.floor(chance() * 6_000)).replaceAll('\n', '\\n')
      posts.push(
        `(${id},${1 + (id % 7)},'2024-0${1 + (id % 9)}-11 10:00:00','${body}','${body.slice(0, 40).replaceAll('\\', ' ')}','publish','http://example.test/?p=${id}')`,
      )
      for (let m = 0; m < 4; m++) meta.push(`(NULL,${id},'_key_${m}','a:1:{s:4:"size";i:${Math.floor(chance() * 1e6)};}')`)
      bytes += body.length + 500
    }
    await mariadb.admin(`INSERT INTO wp_posts VALUES ${posts.join(',')}; INSERT INTO wp_postmeta VALUES ${meta.join(',')};`, name)
  }
}
