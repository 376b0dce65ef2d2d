/**
 * Several replicas of one process share streams over a real broker: all follow what one decides, and no
 * acknowledged record is lost, moved or reordered.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { applyTopics, registerContracts } from '@weir/catalogue'
import { openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import { type Kafka, kafkaConfig, NO_HEADERS, openKafka, valueOf } from '@weir/kafka'
import { topics } from '@weir/solutions'
import { servers, uniqueName } from '@weir/testkit'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import {
  beginResharding,
  childrenOf,
  mergeOf,
  newStream,
  openShards,
  openStreams,
  type Shard,
  type Stream,
  type Streams,
  splitOf,
  stepTowards,
} from './index.ts'

interface Replica {
  readonly kafka: Kafka
  readonly streams: Streams
  stop(): Promise<void>
}

let backends: { brokers: string[]; url: string }
beforeAll(async () => {
  backends = { ...(await servers.kafka()), ...(await servers.registry()) }
  const { value: kafka, stop } = await openKafka(
    readConfig({ KAFKA_BROKERS: backends.brokers.join(',') }, kafkaConfig),
  )
  await applyTopics(kafka.admin, { topics, replicas: 1 })
  await registerContracts(backends.url, topics)
  await stop()
})

async function replica(): Promise<Replica> {
  const { value: kafka, stop } = await openKafka(
    readConfig({ KAFKA_BROKERS: backends.brokers.join(',') }, kafkaConfig),
  )
  const { value: codec } = await openCodec({ topics, url: backends.url })
  const streams = await openStreams({
    kafka,
    codec,
    replicas: 1,
    takes: true,
    instance: 'test',
    log: { info: () => {}, warn: () => {} },
  })
  let stopped: Promise<void> | undefined
  const close = (): Promise<void> => (stopped ??= streams.stop().then(stop))
  onTestFinished(close)
  return { kafka, streams, stop: close }
}

async function create({ streams }: Replica, name: string, shards: number): Promise<Stream> {
  await streams.change(name, () =>
    newStream(
      { name, mode: 'PROVISIONED', shards, maxRecordKiB: 1024, tags: {}, external: false },
      Date.now(),
    ),
  )
  return activeOf(streams, name)
}

async function activeOf(streams: Streams, name: string): Promise<Stream> {
  await expect.poll(() => streams.get(name)?.stream.status, { timeout: 20_000, interval: 5 }).toBe('ACTIVE')
  return streams.get(name)!.stream
}

/**
 * Writes one record as a door does. Resolves to its shard and offset, or to undefined if it is not known to
 * be stored.
 */
async function put(
  { streams }: Replica,
  producer: Awaited<ReturnType<Kafka['producer']>>,
  name: string,
  key: string,
  value: string,
): Promise<[Shard, number] | undefined> {
  for (;;) {
    const serving = streams.get(name)!
    const index = serving.routing.ofKey(key)
    if (serving.routing.closing[index]) {
      await serving.changed
      continue
    }
    if (!streams.leased) return undefined
    const shard = serving.routing.shards[index]
    serving.enter()
    const delivery = producer.delivery()
    const [k, v] = [Buffer.from(key), Buffer.from(value)]
    delivery.append(
      serving.stream.topic,
      shard.partition,
      k,
      0,
      k.length,
      v,
      0,
      v.length,
      NO_HEADERS,
      0,
      NO_HEADERS.length,
    )
    const failures = await delivery.settled()
    const stored = failures.length === 0 && streams.leased
    serving.leave()
    return stored ? [shard, delivery.stored()[0].offset] : undefined
  }
}

async function readShard({ kafka }: Replica, { topic }: Stream, shard: Shard): Promise<string[]> {
  const values: string[] = []
  const end = shard.to ?? (await kafka.offsetAt(topic, shard.partition, 'latest'))
  for (let at = shard.from; at < end; ) {
    const batch = await kafka.fetch(topic, shard.partition, at, 1 << 20)
    for (let i = 0; i < batch.length; i++)
      if (batch.offsets[i] < end) values.push(valueOf(batch, i)!.toString())
    at = batch.nextOffset
  }
  return values
}

/** Reads every shard after its parents, as a Kinesis reader does. */
async function readStream(reader: Replica, stream: Stream): Promise<string[]> {
  const done = new Set<string>()
  const values: string[] = []
  const visit = async (shard: Shard): Promise<void> => {
    if (
      done.has(shard.id) ||
      shard.parents.some((parent) => !done.has(parent) && stream.shards.some(({ id }) => id === parent))
    )
      return
    done.add(shard.id)
    values.push(...(await readShard(reader, stream, shard)))
    for (const child of childrenOf(stream, shard.id)) await visit(child)
  }
  for (const shard of stream.shards) await visit(shard)
  expect(done.size).toBe(stream.shards.length)
  return values
}

test('every replica sees a stream that another one creates, and no longer sees it once it is deleted', async () => {
  const [one, two] = [await replica(), await replica()]
  const name = uniqueName('created')
  const stream = await create(one, name, 3)
  expect(openShards(stream)).toHaveLength(3)
  expect((await activeOf(two.streams, name)).shards).toEqual(stream.shards)
  expect(await two.kafka.partitions(stream.topic)).toBe(3)
  await two.streams.change(name, (current) => ({ ...current!, status: 'DELETING' }))
  await expect
    .poll(() => [one, two].map(({ streams }) => streams.get(name)), { timeout: 20_000 })
    .toEqual([undefined, undefined])
  await expect(one.kafka.admin.topicConfigs(stream.topic)).rejects.toMatchObject({ code: 'unknown-topic' })
})

test('concurrent decisions of replicas on one stream are applied one after another', async () => {
  const replicas = await Promise.all([replica(), replica(), replica()])
  const name = uniqueName('contended')
  await create(replicas[0], name, 1)
  for (const { streams } of replicas) await activeOf(streams, name)
  await Promise.all(
    replicas.flatMap(({ streams }, r) =>
      Array.from({ length: 5 }, (_, i) =>
        streams.change(name, (current) => ({
          ...current!,
          tags: { ...current!.tags, [`${r}-${i}`]: String(Object.keys(current!.tags).length) },
        })),
      ),
    ),
  )
  for (const { streams } of replicas) {
    await expect
      .poll(() =>
        Object.values(streams.get(name)!.stream.tags)
          .map(Number)
          .sort((a, b) => a - b),
      )
      .toEqual(Array.from({ length: 15 }, (_, i) => i))
  }
})

test('splits and merges under load lose and duplicate no acknowledged record, and keep keys in order', async () => {
  const replicas = [await replica(), await replica()]
  const [one] = replicas
  const name = uniqueName('reshards')
  await create(one, name, 2)
  await activeOf(replicas[1].streams, name)
  const acknowledged: string[] = []
  let writing = true
  const writers = replicas.flatMap((each, r) =>
    Array.from({ length: 10 }, async (_, w) => {
      const producer = await each.kafka.producer()
      for (let n = 0; writing; n++) {
        const key = `key-${r}-${w}`
        if (await put(each, producer, name, key, `${key}:${n}`)) acknowledged.push(`${key}:${n}`)
        await sleep(1)
      }
    }),
  )
  const reshard = async (decide: (stream: Stream) => Stream): Promise<number> => {
    await sleep(300)
    const from = performance.now()
    await one.streams.change(name, (current) => decide(current!))
    await activeOf(one.streams, name)
    return performance.now() - from
  }
  const took = [
    await reshard((stream) => beginResharding(stream, splitOf(openShards(stream)[0], 1n << 126n), null)),
    await reshard((stream) =>
      beginResharding(stream, mergeOf(openShards(stream)[1], openShards(stream)[2]), null),
    ),
    await reshard((stream) => beginResharding(stream, stepTowards(openShards(stream), 5), 5)),
    await reshard((stream) => beginResharding(stream, stepTowards(openShards(stream), 2), 2)),
  ]
  await sleep(300)
  writing = false
  await Promise.all(writers)
  expect(openShards(one.streams.get(name)!.stream)).toHaveLength(2)
  // At the start, a replica cannot know whether the replicas that it reads about are still alive, so it waits
  // for a lease to expire.
  expect(Math.max(...took)).toBeLessThan(9000)

  const found = await readStream(one, one.streams.get(name)!.stream)
  expect(acknowledged.length).toBeGreaterThan(1000)
  expect(new Set(found).size).toBe(found.length)
  expect(acknowledged.filter((value) => !found.includes(value))).toEqual([])
  const last = new Map<string, number>()
  for (const value of found) {
    const [key, n] = value.split(':')
    expect(Number(n)).toBe((last.get(key) ?? -1) + 1)
    last.set(key, Number(n))
  }
})

test('a replica that has died delays a resharding until its lease expires, and no longer', async () => {
  const [one, dead] = [await replica(), await replica()]
  const name = uniqueName('lapses')
  await create(one, name, 1)
  await activeOf(dead.streams, name)
  dead.streams.get(name)!.enter() // a write whose outcome it never learns
  const from = performance.now()
  await one.streams.change(name, (stream) =>
    beginResharding(stream!, splitOf(openShards(stream!)[0], 1n << 127n), null),
  )
  expect(openShards(await activeOf(one.streams, name))).toHaveLength(2)
  expect(performance.now() - from).toBeGreaterThan(5000)
  expect(performance.now() - from).toBeLessThan(9000)
}, 30_000)

test('a replica finishes the resharding that another one has begun', async () => {
  const name = uniqueName('orphan')
  const begun = await replica()
  await create(begun, name, 1)
  // It begins a split and stops at once.
  await begun.streams.change(name, (stream) =>
    beginResharding(stream!, splitOf(openShards(stream!)[0], 1n << 127n), null),
  )
  await begun.stop()
  const heir = await replica()
  expect(openShards(await activeOf(heir.streams, name))).toHaveLength(2)
})
