import { closeSync, readFileSync } from 'node:fs'
import { openDirectory } from './handles.ts'

/** All mount points of this process's view, as bytes written one to a character (latin1). */
export function mountPoints(): string[] {
  const points: string[] = []
  for (const line of readFileSync('/proc/self/mountinfo', 'latin1').split('\n')) {
    const point = line.split(' ')[4]
    if (point === undefined) continue
    points.push(point.replace(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))))
  }
  return points
}

/** Mount points strictly below a directory (latin1). A directory that is moved takes them along. */
export function mountPointsBelow(directory: string): string[] {
  return mountPoints().filter((point) => point.startsWith(`${directory}/`))
}

/** Which mount an open handle lies on. The device number does not tell: two bind mounts of one disk share it (EXDEV). */
export function mountIdOfHandle(fd: number): string {
  const found = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))
  if (found?.[1] === undefined) throw new Error('the kernel names no mount for an open directory')
  return found[1]
}

export function mountIdOf(directory: string | Buffer): string {
  const fd = openDirectory(directory)
  try {
    return mountIdOfHandle(fd)
  } finally {
    closeSync(fd)
  }
}
