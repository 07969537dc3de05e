import { createCipheriv } from 'node:crypto'
import { crc32, deflateSync } from 'node:zlib'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface Upload {
  /** Below the uploads directory, e.g. `2024/03/photo-7.png` */
  path: string
  title: string
  width: number
  height: number
}

/** Writes images that open in a browser and do not compress: about `bytesEach`, the same for the same number. */
export function makeUploads(directory: string, count: number, bytesEach: number): Upload[] {
  const uploads: Upload[] = []
  for (let i = 0; i < count; i++) {
    const month = String((i % 12) + 1).padStart(2, '0')
    const height = Math.max(8, Math.round(((bytesEach / 960) * (60 + ((i * 37) % 80))) / 100))
    const upload = { path: `2024/${month}/photo-${i + 1}.png`, title: `Photo ${i + 1}`, width: 320, height }
    const full = join(directory, upload.path)
    mkdirSync(dirname(full), { recursive: true })
    writeFileSync(full, noiseImage(upload.width, upload.height, i))
    uploads.push(upload)
  }
  return uploads
}

/** An RGB PNG of seeded noise. */
function noiseImage(width: number, height: number, seed: number): Buffer {
  const key = Buffer.alloc(16)
  key.writeUInt32LE(seed)
  const rows = createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc((width * 3 + 1) * height))
  for (let y = 0; y < height; y++) rows[y * (width * 3 + 1)] = 0 // each row begins with its filter: none
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    part('IHDR', header),
    part('IDAT', deflateSync(rows, { level: 0 })),
    part('IEND', Buffer.alloc(0)),
  ])
}

function part(name: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(name), body])
  const out = Buffer.alloc(named.length + 8)
  out.writeUInt32BE(body.length, 0)
  named.copy(out, 4)
  out.writeUInt32BE(crc32(named), named.length + 4)
  return out
}
