/**
 * All streams as this replica knows them, how they are changed, and the work that finishes changes, whichever
 * replica began them.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Codec } from '@weir/codec'
import { type ControlEntry, openControlLog } from '@weir/control'
import type { Kafka } from '@weir/kafka'
import { checks } from './entries.ts'
import { FanOut } from './fan-out.ts'
import { HEARTBEAT_MS, type Heartbeat, Replicas } from './replicas.ts'
import { Serving } from './serving.ts'
import { type FanOutConsumer, type Stream, withoutExpired } from './stream.ts'
import { finishStep } from './work.ts'

const TOPIC = 'weir.control.streams'
/** How often unfinished changes are checked, besides every time that an entry arrives (ms). */
const LOOK_MS = 250
/** How long a replica has to finish its own changes before others do (ms). */
const OTHERS_MS = 3000

export interface StreamsOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  /** Replicas of topics that are created; -1: the broker's default. */
  readonly replicas: number
  /** Whether this replica takes records from clients. */
  readonly takes: boolean
  /** The name of this process, unique in the cluster. */
  readonly instance: string
  readonly log: { info(details: object, message: string): void; warn(details: object, message: string): void }
}

export interface Streams {
  get(name: string): Serving | undefined
  /** All streams, sorted by name. */
  all(): Serving[]
  readonly fanOut: FanOut
  /**
   * Changes a stream, with no other decision in between. `decide` gets the stream, or undefined if there is
   * none of that name, and returns its next state; the same object changes nothing. Errors of `decide` are
   * thrown here. Resolves to the state as it was written.
   */
  change(name: string, decide: (stream: Stream | undefined) => Stream): Promise<Stream>
  /**
   * False if this replica may not know what was decided more than five seconds ago, for instance without a
   * broker. Then it must neither take records nor hand any out, since shards may have been closed and their
   * partitions given to others.
   */
  readonly leased: boolean
  /** False while the log of decisions cannot be followed. */
  readonly ready: boolean
  /** The number of replicas that take records from clients; at least one. */
  readonly replicas: number
  stop(): Promise<void>
}

export async function openStreams({
  kafka,
  codec,
  replicas: replication,
  takes,
  instance,
  log,
}: StreamsOptions): Promise<Streams> {
  const serving = new Map<string, Serving>()
  const replicas = new Replicas(`${instance}-${randomBytes(4).toString('hex')}`)
  /** Streams that this replica has begun to change. */
  const mine = new Set<string>()
  const busy = new Set<string>()
  /** Earlier versions under which this replica is still writing. */
  const retiring = new Map<string, Set<Serving>>()
  let beat = 0
  let stopped = false
  let wake = (): void => {}

  const replace = (name: string, stream: Stream | undefined): void => {
    const before = serving.get(name)
    if (stream === undefined) serving.delete(name)
    else serving.set(name, new Serving(stream))
    if (before === undefined) return
    const earlier = retiring.get(name) ?? new Set()
    retiring.set(name, earlier.add(before))
    before.supersede()
    void before.idle.then(() => {
      earlier.delete(before)
      wake()
    })
  }

  const apply = ({ kind, id, state }: ControlEntry): void => {
    if (kind === 'stream') replace(id, state as Stream | undefined)
    else if (kind === 'consumer') fanOut.apply(id, state as FanOutConsumer | undefined)
    else if (state === undefined) replicas.gone(id)
    else replicas.heard(id, state as Heartbeat)
    wake()
  }

  const fanOut: FanOut = new FanOut((changes) => control.write(changes))
  const control = await openControlLog({ kafka, codec, topic: TOPIC, checks, apply, log })

  const change = async (
    name: string,
    decide: (stream: Stream | undefined) => Stream | undefined,
  ): Promise<Stream | undefined> => {
    let next: Stream | undefined
    await control.write(() => {
      const found = serving.get(name)?.stream
      const current = found && withoutExpired(found, Date.now())
      next = decide(current)
      if (next === current) return []
      if (next === undefined)
        return [{ kind: 'stream', id: name, value: undefined }, ...fanOut.removalOf(name)]
      next = { ...next, version: Math.max(Date.now(), (current?.version ?? 0) + 1) }
      return [{ kind: 'stream', id: name, value: next }]
    })
    return next
  }

  /**
   * Heartbeat: acknowledges the log up to here, and names the streams whose closing shards no longer take
   * records here.
   */
  const announce = async (): Promise<void> => {
    const drained: Record<string, number> = {}
    for (const [name, { stream }] of serving)
      if (stream.resharding !== null && !retiring.get(name)?.size) drained[name] = stream.version
    replicas.sending(++beat)
    await control.announce({
      kind: 'replica',
      id: replicas.self,
      value: { beat, takes, drained } satisfies Heartbeat,
    })
  }

  const acknowledgements = (): string =>
    [...serving]
      .filter(([name, { stream }]) => stream.resharding !== null && !retiring.get(name)?.size)
      .map(([name, { stream }]) => `${name}/${stream.version}`)
      .join()

  const beating = (async () => {
    let said = ''
    for (let next = 0; !stopped; ) {
      const now = performance.now()
      const toSay = acknowledgements()
      if (now >= next || toSay !== said) {
        said = toSay
        next = now + HEARTBEAT_MS
        await announce().catch((error: Error) =>
          log.warn(
            { err: error },
            'a heartbeat could not be written; after five seconds without one, streams are not served',
          ),
        )
      }
      work()
      await Promise.race([
        sleep(LOOK_MS),
        new Promise<void>((resolve) => {
          wake = resolve
        }),
      ])
    }
  })()

  /** Takes the next step of every unfinished change that is this replica's to finish. */
  function work(): void {
    for (const [name, { stream, since }] of serving) {
      if (stream.status === 'ACTIVE') mine.delete(name)
      if (stream.status === 'ACTIVE' || busy.has(name)) continue
      if (!mine.has(name) && performance.now() - since < OTHERS_MS) continue
      if (stream.resharding !== null && !replicas.drained(name, stream.version, since)) continue
      busy.add(name)
      finishStep(kafka.admin, stream, replication, change)
        .catch((error: Error) => {
          log.warn(
            { err: error, stream: name, status: stream.status },
            'a change of a stream is not complete yet and is retried',
          )
          return sleep(1000)
        })
        .finally(() => {
          busy.delete(name)
          wake()
        })
    }
    for (const id of replicas.forgotten()) {
      replicas.gone(id)
      void control.announce({ kind: 'replica', id, value: undefined }).catch(() => {})
    }
  }

  for (const deadline = Date.now() + 10_000; !replicas.leased && Date.now() < deadline; await sleep(10));
  return {
    fanOut,
    get: (name) => serving.get(name),
    all: () => [...serving.values()].sort((a, b) => (a.stream.name < b.stream.name ? -1 : 1)),
    change: async (name, decide) => {
      mine.add(name)
      try {
        return (await change(name, decide))!
      } finally {
        // A check in between may have found the stream still active, and removed it from `mine`.
        mine.add(name)
        wake()
      }
    },
    get leased() {
      return replicas.leased
    },
    get ready() {
      return control.ready()
    },
    get replicas() {
      return replicas.count
    },
    stop: async () => {
      stopped = true
      wake()
      await beating
      await control.announce({ kind: 'replica', id: replicas.self, value: undefined }).catch(() => {})
      await control.stop()
    },
  }
}
