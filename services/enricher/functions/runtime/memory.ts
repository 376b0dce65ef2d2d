/** The resident memory of a process. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

/** Where /proc tells it; elsewhere the child says so itself, as often as its event loop lets it. */
export const HAS_PROC = existsSync('/proc/self/status')

/** The largest resident size that the process ever had (VmHWM), in KiB; undefined where nobody knows, or it is gone. */
export function peakKb(pid: number): number | undefined {
  if (!HAS_PROC) return undefined
  try {
    const found = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))
    return found ? Number(found[1]) : undefined
  } catch {
    return undefined
  }
}

/** Where memory runs out between two looks, the kernel ends this process before any other. */
export function endFirst(pid: number): void {
  if (!HAS_PROC) return
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, '1000')
  } catch {
    // It is gone, or /proc is read-only.
  }
}
