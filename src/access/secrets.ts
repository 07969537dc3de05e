import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** 256 bits of chance in 43 letters, fit for an address and a cookie. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** What is stored of a secret. A plain hash is enough where there is nothing to guess. */
export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

export function isSecret(secret: string, stored: Buffer): boolean {
  const found = hashSecret(secret)
  return found.length === stored.length && timingSafeEqual(found, stored)
}
