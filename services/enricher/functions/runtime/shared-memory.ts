/**
 * The shared memory of processes that is in no file: it stays while a single page of it is mapped, resident
 * or not, so it is not among the resident memory of any process.
 */
import { readFileSync, statSync } from 'node:fs'

/** Some 50,000 mappings; the kernel allows a process 65,530. Reading them takes time. */
const MAX_BYTES = 4 * 1024 * 1024
/** A function needs a few. */
const MAX_AREAS = 1024

/**
 * A line of /proc/PID/maps about shared memory without a file: mmap with MAP_ANONYMOUS, shmat or memfd. Its
 * program may have named it. Range, offset, device and inode.
 */
const SHARED = /^(\S+) ..[-x]s (\S+) (\S+ \d+) +(?:\/.* \(deleted\)|\[anon_shmem:.*)$/gm

/**
 * Returns the KiB of shared memory that the processes in these folders of /proc hold, each area once;
 * undefined if there is more of it than can be looked at. The kernel tells only a service with CAP_SYS_ADMIN
 * (root, outside containers) how many pages an area has; for others, it is the end of what is mapped.
 */
export function sharedMemoryKb(programs: readonly string[]): number | undefined {
  const areas = new Map<string, number>()
  let bytes = 0
  for (const program of programs) {
    const maps = read(`${program}/maps`)
    bytes += maps.length
    for (const [, range, offset, area] of maps.matchAll(SHARED)) {
      const kb = pagesKb(program, range) ?? endKb(range, offset)
      areas.set(area, Math.max(areas.get(area) ?? 0, kb))
      if (areas.size > MAX_AREAS) return undefined
    }
    if (bytes > MAX_BYTES) return undefined
  }
  return [...areas.values()].reduce((sum, kb) => sum + kb, 0)
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    // It has just ended.
    return ''
  }
}

/** Returns the allocated pages; undefined if the kernel does not tell. */
function pagesKb(program: string, range: string): number | undefined {
  try {
    const name = range.replace(/\b0+(?=[\da-f])/g, '')
    return statSync(`${program}/map_files/${name}`).blocks / 2
  } catch {
    return undefined
  }
}

function endKb(range: string, offset: string): number {
  const [from, to] = range.split('-').map((address) => Number.parseInt(address, 16))
  return (to - from + Number.parseInt(offset, 16)) / 1024
}
