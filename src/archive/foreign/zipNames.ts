import { isUtf8 } from 'node:buffer'
import { crc32 } from 'node:zlib'
import { refuse } from './refuse.ts'

const utf8Flag = 0x0800

/**
 * A name as UTF-8: said by the flag or by Info-ZIP's extra field, else taken for what it is when it is valid (most unix tools set
 * no flag), else from code page 437, which is what the format means by silence.
 */
export function decodeZipName(raw: Buffer, flags: number, extra: Buffer): Buffer {
  const unicode = findExtra(extra, 0x7075)
  if (unicode !== null && unicode.length > 5 && unicode[0] === 1 && unicode.readUInt32LE(1) === crc32(raw)) {
    return unicode.subarray(5)
  }
  if ((flags & utf8Flag) !== 0) {
    if (!isUtf8(raw)) throw refuse('malformed', 'a name says that it is UTF-8, and is not')
    return raw
  }
  if (isUtf8(raw)) return raw
  let text = ''
  for (const byte of raw) text += byte < 128 ? String.fromCharCode(byte) : (upper[byte - 128] as string)
  return Buffer.from(text)
}

/** @throws {Failure} ARCHIVE_DAMAGED when the fields do not fill their place */
export function findExtra(extra: Buffer, id: number): Buffer | null {
  for (let at = 0; at + 4 <= extra.length;) {
    const length = extra.readUInt16LE(at + 2)
    if (at + 4 + length > extra.length) return null // written so by some tools, and read so by all
    if (extra.readUInt16LE(at) === id) return extra.subarray(at + 4, at + 4 + length)
    at += 4 + length
  }
  return null
}

/** The upper half of code page 437. */
const upper = [
  ...'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0',
]
