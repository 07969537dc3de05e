export const countText = (count: number): string => new Intl.NumberFormat().format(count)

/** `1 file`, `2 files` */
export const plural = (count: number, one: string, many = `${one}s`): string => `${countText(count)} ${count === 1 ? one : many}`
