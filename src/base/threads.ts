/** The file of a worker thread beside `here`: `.ts` in a checkout, `.js` in the package. */
export function threadFile(here: string, name: string): URL {
  return new URL(`./${name}${here.endsWith('.ts') ? '.ts' : '.js'}`, here)
}
