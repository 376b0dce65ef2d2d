/** The processes of an environment and their resident memory. */
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import type { Confinement } from './confine.ts'

/** Whether /proc shows memory use. If not, the child reports it itself, as often as its event loop allows. */
export const HAS_PROC = existsSync('/proc/self/status')

/** More processes than a function needs; inspecting them takes time. */
const MAX_PROCESSES = 256

/** Returns the process and its descendants, 256 at most, as far as their parents still exist. */
export function treeOf(pid: number): readonly number[] {
  const found = [pid]
  for (let i = 0; i < found.length && found.length < MAX_PROCESSES; i++) found.push(...childrenOf(found[i]))
  return found
}

/**
 * Returns the processes of a function, as their folders in /proc, without those that only start it. `pid` is
 * the process that startConfined has started. A namespace lists its processes itself, whoever their parents are. Until it is set up, there are none.
 */
export function programsOf(pid: number, how: Confinement): readonly string[] {
  if (how === 'process only')
    return treeOf(pid).map((member) => `/proc/${member}`)
  const [first] = childrenOf(pid)
  const proc = `/proc/${first}/root/proc`
  if (first === undefined || !isOfAnotherNamespace(proc)) return []
  try {
    const pids = readdirSync(proc).filter((name) => /^\d+$/.test(name) && name !== '1')
    return pids.map((member) => `${proc}/${member}`)
  } catch {
    return []
  }
}

/** Whether this process is not in the namespace that the folder shows; `self` then leads nowhere. */
function isOfAnotherNamespace(proc: string): boolean {
  try {
    readlinkSync(`${proc}/self`)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && existsSync(`${proc}/1`)
  }
}

/** Kills the process, its group, and its descendants outside the group. */
export function killTree(pid: number): void {
  const members = treeOf(pid)
  killGroup(pid)
  for (const member of members) kill(member)
}

/** Kills what is left of the group that the process led. */
export function killGroup(pid: number): void {
  kill(-pid)
}

function kill(target: number): void {
  try {
    process.kill(target, 'SIGKILL')
  } catch {
    // It is gone.
  }
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
    )
  } catch {
    return []
  }
}

/**
 * Returns the memory that the processes use together, in KiB, or the peak of a single one if that is more;
 * undefined without /proc.
 */
export function memoryKb(pids: readonly number[]): number | undefined {
  if (!HAS_PROC) return undefined
  let sum = 0
  let most = 0
  for (const pid of pids) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'latin1')
      sum += Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0)
      most = Math.max(most, Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0))
    } catch {
      // It has just ended.
    }
  }
  return Math.max(sum, most) || undefined
}

/**
 * Makes the kernel kill this process, and those that it starts, before any other if memory runs out between
 * two measurements.
 */
export function endFirst(pid: number): void {
  if (!HAS_PROC) return
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, '1000')
  } catch {
    // It is gone, or /proc is read-only.
  }
}
