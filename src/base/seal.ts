import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto'
import { Failure } from './failure.ts'

/**
 * Seals a small secret at rest (AES-256-GCM; nonce, tag and text in one buffer). `about` names what it is for, so that a
 * sealed value moved to another row does not open.
 */
export function seal(key: KeyObject, about: string, plain: Uint8Array): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.from(about))
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** @throws {Failure} REPOSITORY_KEY when the key or `about` is another one, or the bytes were altered */
export function unseal(key: KeyObject, about: string, sealed: Uint8Array): Buffer {
  try {
    const bytes = Buffer.from(sealed)
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
    decipher.setAAD(Buffer.from(about))
    decipher.setAuthTag(bytes.subarray(-16))
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()])
  } catch (cause) {
    throw new Failure(
      'REPOSITORY_KEY',
      `Cannot open the sealed value for "${about}": the key is another one or the bytes were altered`,
      { cause },
    )
  }
}
