/** Checks whether a disk has room to write. */
import { statfsSync } from 'node:fs'

/** With fewer free bytes, servers fail to write their next file: Kafka's are a few MB each. */
const MIN_FREE_BYTES = 32 << 20

/**
 * Returns a sentence if the folder's disk is full; undefined if it is not, or if that cannot be determined.
 */
export function fullDisk(folder: string): string | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder)
    const freeBytes = bavail * bsize
    if (freeBytes >= MIN_FREE_BYTES) return undefined
    const free = `${Math.floor(freeBytes / (1 << 20))} MB free`
    return `The disk of ${folder} is full (${free}); free some space, and everything resumes.`
  } catch {
    return undefined
  }
}

/**
 * True if a write failed because the disk or a quota is full, or the file has reached its maximum size. A
 * later write can succeed.
 */
export const isDiskFull = (error: NodeJS.ErrnoException): boolean =>
  error.code === 'ENOSPC' || error.code === 'EDQUOT' || error.code === 'EFBIG'
