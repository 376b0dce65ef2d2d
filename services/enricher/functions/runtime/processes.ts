/** The processes of an environment: which they are, what they use, and how they end. */
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import type { Confinement } from './confine.ts'

/** Whether /proc shows memory use. If not, the child reports it itself, as often as its event loop allows. */
export const HAS_PROC = existsSync('/proc/self/status')

/** More than a function needs; inspecting them takes time. A process counts as a thread, too. */
export const MAX_PROCESSES = 256
export const MAX_THREADS = 2048

/**
 * Returns the processes of a function, as their folders in /proc, without those that only start it. `pid` is
 * the process that startConfined has started. If there are more than MAX_PROCESSES processes or MAX_THREADS
 * threads, some may be missing, but those returned exceed the same limit.
 *
 * A namespace lists its processes itself, whoever their parents are. Until it is set up, there are none.
 */
export function programsOf(pid: number, how: Confinement): readonly string[] {
  const tree = (): string[] => treeOf(pid, MAX_PROCESSES, MAX_THREADS).map((member) => `/proc/${member}`)
  if (how === 'process only') return tree()
  const [first] = childrenOf(pid, [String(pid)])
  const proc = `/proc/${first}/root/proc`
  try {
    // This process is not in the namespace, so `self` leads somewhere only in the old root.
    readlinkSync(`${proc}/self`)
    return []
  } catch (error) {
    // If this process may not look into the new root, the parents have to do.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return tree().slice(2)
  }
  try {
    const pids = readdirSync(proc).filter((name) => /^\d+$/.test(name) && name !== '1')
    return pids.map((member) => `${proc}/${member}`)
  } catch {
    return []
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

/** Returns the process and its descendants, as far as their parents still exist, until a limit is exceeded. */
function treeOf(pid: number, maxProcesses = Infinity, maxThreads = Infinity): readonly number[] {
  const found = [pid]
  let threads = 0
  for (let i = 0; i < found.length && found.length <= maxProcesses; i++) {
    const own = threadsOf(found[i])
    threads += own.length
    if (threads > maxThreads) break
    found.push(...childrenOf(found[i], own))
  }
  return found
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

/** Returns the processes that these threads have started. */
function childrenOf(pid: number, threads: readonly string[]): readonly number[] {
  return threads.flatMap((thread) => {
    try {
      const children = readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1')
      return children.split(' ').filter(Boolean).map(Number)
    } catch {
      return []
    }
  })
}

/** The memory and threads of several processes together. */
export interface Usage {
  readonly threads: number
  /** Resident memory, or the peak of a single process if that is more. */
  readonly memoryKb: number
  /** The part of the resident memory that is shared memory; for each process that has mapped it. */
  readonly sharedKb: number
}

/** Returns what the processes in these folders of /proc use. */
export function usageOf(programs: readonly string[]): Usage {
  let threads = 0
  let sum = 0
  let most = 0
  let sharedKb = 0
  for (const program of programs) {
    try {
      const status = readFileSync(`${program}/status`, 'latin1')
      threads += Number(/^Threads:\s+(\d+)$/m.exec(status)?.[1] ?? 0)
      sum += Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0)
      most = Math.max(most, Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0))
      sharedKb += Number(/^RssShmem:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0)
    } catch {
      // It has just ended.
    }
  }
  return { threads, memoryKb: Math.max(sum, most), sharedKb }
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
