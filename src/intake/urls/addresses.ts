import { BlockList, isIPv6 } from 'node:net'

/** Networks that no site on the public internet stands in (RFC 6890 and its successors, and what clouds keep for themselves). */
const closed4 = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  ['168.63.129.16', 32], // Azure's own services answer here
] as const) {
  closed4.addSubnet(network, bits, 'ipv4')
}

/** Of IPv6 only what is given out to the public is open. */
const open6 = new BlockList()
open6.addSubnet('2000::', 3, 'ipv6')
const closed6 = new BlockList()
closed6.addSubnet('2001::', 23, 'ipv6')
closed6.addSubnet('2001:db8::', 32, 'ipv6')
closed6.addSubnet('3fff::', 20, 'ipv6')

/** Forms that carry an IPv4 address: where in the sixteen bytes it stands. */
const carriers: { list: BlockList; at: number }[] = [
  ['::ffff:0:0', 96, 12],
  ['::', 96, 12],
  ['64:ff9b::', 96, 12],
  ['2002::', 16, 2],
].map(([network, bits, at]) => {
  const list = new BlockList()
  list.addSubnet(String(network), Number(bits), 'ipv6')
  return { list, at: Number(at) }
})

/** Whether an address belongs to the public internet; what is no address does not. */
export function isPublicAddress(address: string): boolean {
  const plain = address.replace(/%.*$/, '')
  if (/^\d+\.\d+\.\d+\.\d+$/.test(plain)) return !closed4.check(plain, 'ipv4')
  if (!isIPv6(plain)) return false
  const carrier = carriers.find(({ list }) => list.check(plain, 'ipv6'))
  if (carrier !== undefined) return isPublicAddress([...bytesOf(plain).subarray(carrier.at, carrier.at + 4)].join('.'))
  return open6.check(plain, 'ipv6') && !closed6.check(plain, 'ipv6')
}

/** The sixteen bytes of an IPv6 address. */
function bytesOf(address: string): Buffer {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address)
  const plain =
    dotted === null
      ? address
      : `${dotted[1]}${((Number(dotted[2]) << 8) | Number(dotted[3])).toString(16)}:${((Number(dotted[4]) << 8) | Number(dotted[5])).toString(16)}`
  const [head = '', tail] = plain.split('::')
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const [before, after] = [groups(head), groups(tail ?? '')]
  const all = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after]
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex')
}

/** For installations that fetch within their own network. */
export const anyAddress = (): boolean => true
