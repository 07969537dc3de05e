/** Set by `script/soak`: every test that has an amount takes all of it. */
export const isSoak = (process.env['CAIRN_SOAK'] ?? '') !== ''

/** How many of something a test tries: `few` in `script/test`, `many` in the soak. */
export function amount({ few, many }: { few: number; many: number }): number {
  return isSoak ? many : few
}

/** What a test draws its chances from: `CAIRN_SEED`, else `usual`. */
export function seedOr(usual: number): number {
  const given = process.env['CAIRN_SEED'] ?? ''
  return given === '' ? usual : Number(given)
}
