import type { TreeRoot } from '../../hosts/treeSource.ts'

/** Where an entry of the element stands on this machine: below the deepest root that holds it. */
export function fullPath(roots: readonly TreeRoot[], path: Uint8Array): Buffer {
  const bytes = Buffer.from(path)
  const holds = (root: TreeRoot): boolean => {
    const at = Buffer.from(root.at)
    return (
      at.length === 0 || (bytes.subarray(0, at.length).equals(at) && (bytes.length === at.length || bytes[at.length] === 0x2f))
    )
  }
  const root = roots.filter(holds).sort((a, b) => b.at.length - a.at.length)[0]
  if (root === undefined) throw new Error(`no root holds "${bytes.toString()}"`)
  const below = root.at === '' ? bytes : bytes.subarray(Buffer.byteLength(root.at) + 1)
  return below.length === 0 ? Buffer.from(root.directory) : Buffer.concat([Buffer.from(`${root.directory}/`), below])
}
