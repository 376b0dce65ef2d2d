/** Tells whether there is room to write. */
import { statfsSync } from 'node:fs'

/** Below this servers fail to write their next file (bytes): Kafka's are some MB each. */
const MIN_FREE_BYTES = 32 << 20

/**
 * A sentence where the disk of the folder is full; undefined where it is not, or where that cannot be told.
 */
export function fullDisk(folder: string): string | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder)
    const freeBytes = bavail * bsize
    if (freeBytes >= MIN_FREE_BYTES) return undefined
    const free = `${Math.floor(freeBytes / (1 << 20))} MB free`
    return `The disk of ${folder} is full (${free}): make room there, and everything goes on by itself.`
  } catch {
    return undefined
  }
}

/**
 * True if a write failed for lack of room: on the disk, in a quota, in the largest size of a file. It can
 * work again later.
 */
export const isDiskFull = (error: NodeJS.ErrnoException): boolean =>
  error.code === 'ENOSPC' || error.code === 'EDQUOT' || error.code === 'EFBIG'
