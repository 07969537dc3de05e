const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** Decimal units, three figures, as the command line writes them: `999 B`, `1.24 MB`, `340 GB` */
export function sizeText(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  if (unit === 0) return `${Math.round(value)} B`
  const digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0
  return `${value.toFixed(digits)} ${units[unit]}`
}

export const countText = (count: number): string => new Intl.NumberFormat().format(count)

/** `1 file`, `2 files` */
export const plural = (count: number, one: string, many = `${one}s`): string => `${countText(count)} ${count === 1 ? one : many}`
