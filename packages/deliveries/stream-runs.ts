/** Runs the delivery streams that a service has work for, and follows their changes. */
import type { Subscription } from '@weir/kafka'
import { type Logger, type Resource, watchGroup } from '@weir/service'
import { pause } from '@weir/timing'
import type { DeliveryStream } from './delivery-stream.ts'
import { type DeliveryStreams, type DeliveryStreamsOptions, openDeliveryStreams } from './delivery-streams.ts'

interface Run {
  ready(): boolean
  stop(drainMs: number): Promise<void>
}

export interface StreamRunsOptions extends Omit<DeliveryStreamsOptions, 'changed'> {
  /** The run begins anew when this returns another text, and ends when it returns undefined. */
  dependsOn(stream: DeliveryStream): string | undefined
  /** @param current returns the delivery stream as it is now; its source and its id do not change */
  start(stream: DeliveryStream, current: () => DeliveryStream): Promise<Subscription>
  /** Called after changes have been carried out. */
  carriedOut?(byName: DeliveryStreams['byName']): Promise<void>
  readonly log: Logger
}

export interface StreamRuns {
  readonly byName: DeliveryStreams['byName']
  /** False while a delivery stream is not read, or later changes may not be known here. */
  ready(): boolean
}

/** How often delivery streams that could not be started are tried again (ms). */
const RETRY_MS = 2000
/** How long one that was deleted or changed may take to finish its batch (ms). */
const DRAIN_MS = 5000
const FOR_EVER_MS = 2 ** 31 - 1

export async function runDeliveryStreams(options: StreamRunsOptions): Promise<Resource<StreamRuns>> {
  const { kafka, log, dependsOn, carriedOut } = options
  const running = new Map<string, { readonly as: string; readonly run: Run }>()
  /** Why delivery streams do not run, as logged. */
  const waitsFor = new Map<string, string>()
  const stopping = new AbortController()
  let wake = (): void => {}
  const streams = await openDeliveryStreams({ ...options, changed: () => wake() })
  const { byName } = streams.value

  const start = async (stream: DeliveryStream): Promise<Run> => {
    // A task may outlive its delivery stream for a moment.
    let last = stream
    const subscription = await options.start(stream, () => {
      const found = byName.get(stream.name)
      if (found?.id === stream.id) last = found
      return last
    })
    const unwatch = watchGroup(subscription, kafka)
    return {
      ready: () => subscription.ready(),
      stop: async (drainMs) => {
        unwatch()
        await subscription.stop(drainMs)
      },
    }
  }

  /** Starts and stops runs as the control log says. Returns whether all of that succeeded. */
  const carryOut = async (): Promise<boolean> => {
    for (const [name, { as, run }] of running) {
      const stream = byName.get(name)
      if (stream !== undefined && dependsOn(stream) === as) continue
      running.delete(name)
      await run.stop(DRAIN_MS)
    }
    let succeeded = true
    for (const [name, stream] of byName) {
      const as = dependsOn(stream)
      if (as === undefined || running.has(name) || stopping.signal.aborted) continue
      try {
        running.set(name, { as, run: await start(stream) })
        waitsFor.delete(name)
      } catch (error) {
        succeeded = false
        const { message } = error as Error
        if (waitsFor.get(name) !== message)
          log.warn(
            { err: error, deliveryStream: name },
            'a delivery stream cannot be read yet; it is tried again',
          )
        waitsFor.set(name, message)
      }
    }
    for (const name of waitsFor.keys()) if (!byName.has(name)) waitsFor.delete(name)
    await carriedOut?.(byName)
    return succeeded
  }

  const carryingOut = (async () => {
    while (!stopping.signal.aborted) {
      const woken = new AbortController()
      wake = () => woken.abort()
      const succeeded = await carryOut().catch((error: unknown) => {
        log.warn({ err: error }, 'changes of delivery streams could not be carried out; they are tried again')
        return false
      })
      await pause(succeeded ? FOR_EVER_MS : RETRY_MS, AbortSignal.any([woken.signal, stopping.signal]))
    }
  })()

  return {
    value: {
      byName,
      ready: () => streams.value.ready() && [...running.values()].every(({ run }) => run.ready()),
    },
    stop: async (drainMs) => {
      stopping.abort()
      await carryingOut
      await Promise.all([...running.values()].map(({ run }) => run.stop(drainMs)))
      await streams.stop(drainMs)
    },
  }
}
