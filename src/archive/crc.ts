/**
 * The CRC-32 of two stretches laid end to end, from the CRC of each and the length of the second (zlib's crc32_combine:
 * the first is moved past `length2` zero bytes by one multiplication in GF(2)). The operator of a length is kept, as file
 * sizes and headers repeat.
 */
export function combineCrc(crc1: number, crc2: number, length2: number): number {
  if (length2 === 0) return crc1
  return (multiply(operator(length2), crc1) ^ crc2) >>> 0
}

const polynomial = 0xedb88320
const operatorsMax = 20_000
const operators = new Map<number, number>()

/** powers[n] is x^(2^n) modulo the polynomial, bits reflected. */
const powers = new Uint32Array(32)
powers[0] = 0x40000000
for (let n = 1; n < 32; n++) powers[n] = multiply(powers[n - 1] as number, powers[n - 1] as number)

function operator(lengthBytes: number): number {
  const known = operators.get(lengthBytes)
  if (known !== undefined) return known
  let product = 0x80000000
  // x^(8 * length): the powers of the length's bits, three places up. Lengths go beyond 32 bits, so no bit operators here.
  for (let rest = lengthBytes, n = 3; rest > 0; rest = Math.floor(rest / 2), n++) {
    if (rest % 2 === 1) product = multiply(powers[n & 31] as number, product)
  }
  if (operators.size >= operatorsMax) operators.clear()
  operators.set(lengthBytes, product)
  return product
}

/** a * b modulo the polynomial; neither is zero at the powers, and a zero CRC gives zero. */
function multiply(a: number, b: number): number {
  let product = 0
  let factor = b
  for (let bit = 0x80000000; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) {
      product ^= factor
      if ((a & (bit - 1)) === 0) break
    }
    factor = (factor & 1) !== 0 ? (factor >>> 1) ^ polynomial : factor >>> 1
  }
  return product >>> 0
}
