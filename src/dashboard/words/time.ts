/** `0.4 s`, `12 s`, `3 min 05 s`, `2 h 07 min` */
export function durationText(ms: number): string {
  const seconds = Math.max(0, ms) / 1000
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, '0')} s`
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}

let moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
let day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' })

/** The zone that the person chose; null for the browser's own, which also takes the place of one that it does not know. */
export function setTimeZone(chosen: string | null): void {
  const zone = chosen === null || !Intl.supportedValuesOf('timeZone').includes(chosen) ? {} : { timeZone: chosen }
  moment = new Intl.DateTimeFormat(undefined, { ...zone, dateStyle: 'medium', timeStyle: 'short' })
  day = new Intl.DateTimeFormat(undefined, { ...zone, dateStyle: 'medium' })
}

export const momentText = (iso: string): string => moment.format(new Date(iso))
export const dayText = (iso: string): string => day.format(new Date(iso))
export const utcText = (iso: string): string => `${iso.slice(0, 19).replace('T', ' ')} UTC`

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
]
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })

/** `3 hours ago`, `in 5 days`, `just now` */
export function agoText(iso: string, now: number): string {
  const seconds = (Date.parse(iso) - now) / 1000
  const found = steps.find(([, length]) => Math.abs(seconds) >= length)
  if (found === undefined) return 'just now'
  const [unit, length] = found
  return relative.format(Math.trunc(seconds / length), unit)
}

/** How far two moments lie apart, roughly: `3 days`, `2 hours` */
export function spanText(ms: number): string {
  const found = steps.find(([, length]) => ms / 1000 >= length)
  if (found === undefined) return 'less than a minute'
  const [unit, length] = found
  const count = Math.floor(ms / 1000 / length)
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
