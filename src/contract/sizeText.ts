const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** How the command line and the dashboard write a size: decimal units, three figures: `0 B`, `999 B`, `1.24 MB`, `12.4 GB`, `340 GB` */
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
