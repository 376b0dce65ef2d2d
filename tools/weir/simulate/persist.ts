import { pause } from '@weir/timing'

export interface PersistOptions {
  readonly signal: AbortSignal
  readonly log: (sentence: string) => void
}

const AGAIN_MS = 2_000

/** Does the work until it succeeds or the signal comes. Logs the first failure only. */
export async function persist(work: () => Promise<void>, { signal, log }: PersistOptions): Promise<void> {
  for (let isFailing = false; !signal.aborted; isFailing = true) {
    try {
      return await work()
    } catch (error) {
      if (signal.aborted) return
      if (!isFailing) log(`${(error as Error).message} Trying again.`)
      await pause(AGAIN_MS, signal)
    }
  }
}
