/** What cannot be known without running PHP, and why; `maybe` when even whether it is set is not known. */
export class Unknown {
  readonly reason: string
  readonly maybe: boolean

  constructor(reason: string, maybe = false) {
    this.reason = reason
    this.maybe = maybe
  }
}

export type PhpArray = Map<string, PhpValue>
export type PhpValue = string | number | boolean | null | PhpArray | Unknown
export type Known = Exclude<PhpValue, Unknown>

export function isKnown(value: PhpValue): value is Known {
  return !(value instanceof Unknown)
}

export function toText(value: PhpValue): string | Unknown {
  if (value instanceof Unknown) return value
  if (value instanceof Map) return new Unknown('an array is used as text')
  if (value === null || value === false) return ''
  return value === true ? '1' : String(value)
}

export function toBoolean(value: PhpValue): boolean | Unknown {
  if (value instanceof Unknown) return value
  if (value instanceof Map) return value.size > 0
  return !(value === null || value === false || value === 0 || value === '' || value === '0')
}

export function toNumber(value: PhpValue): number | Unknown {
  if (value instanceof Unknown) return value
  if (value instanceof Map) return new Unknown('an array is used as a number')
  if (typeof value === 'string') return Number(/^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?/i.exec(value)?.[0] ?? 0)
  return Number(value)
}

/** An array's key as PHP keeps it; ours are text throughout, so `1` and `'1'` are one as in PHP. */
export function toKey(value: Known): string {
  if (value instanceof Map) return ''
  if (typeof value === 'number') return String(Math.trunc(value))
  return String(toText(value) instanceof Unknown ? '' : toText(value))
}

export function isSame(left: PhpValue, right: PhpValue): boolean {
  if (left instanceof Map && right instanceof Map) {
    if (left.size !== right.size) return false
    return [...left].every(([key, value]) => right.has(key) && isSame(value, right.get(key) ?? null))
  }
  return left === right && !(left instanceof Unknown)
}

/** PHP 8's `==` for the kinds that configuration files compare. */
export function isLoose(left: Known, right: Known): boolean {
  if (typeof left === 'boolean' || typeof right === 'boolean' || left === null || right === null) {
    if (typeof left === 'string' && right === null) return left === ''
    if (typeof right === 'string' && left === null) return right === ''
    return toBoolean(left) === toBoolean(right)
  }
  if (left instanceof Map || right instanceof Map) return isSame(left, right)
  return isNumeric(left) && isNumeric(right) ? Number(left) === Number(right) : String(left) === String(right)
}

function isNumeric(value: string | number): boolean {
  return typeof value === 'number' || (value.trim() !== '' && !Number.isNaN(Number(value)))
}
