/** Standby copies of states: they follow the changelogs, and a replica that takes over begins with them. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { writeRecord } from '@weir/kafka'
import { servers, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { Disk } from './disk.ts'
import { type Counting, type CountingTopics, openCounting, PARTITIONS } from './testing/counting.ts'
import type { Said, WorkerOptions } from './testing/standby-worker.ts'

const WORKER = fileURLToPath(new URL('testing/standby-worker.ts', import.meta.url))
const KEYS = Array.from({ length: 60 }, (_, i) => `p${i % PARTITIONS}-${i}`)
const MANY = Array.from({ length: 100_000 }, (_, i) => `p${i % PARTITIONS}-${i}`)
/** Longer than a copy is behind its changelog. */
const FOLLOWED_MS = 8000
const TAKEN_OVER_MS = 2000
/** WEIR_FAULTS=long also measures how long it takes without a copy. */
const LONG = process.env.WEIR_FAULTS === 'long'
const soon = { timeout: 30_000 }

let counting: Counting
beforeAll(async () => {
  counting = await openCounting()
})
afterAll(() => counting.stop())

/** The keys on a disk, and how far behind its changelog it is. */
async function onDisk({ changelog }: CountingTopics, dir: string, keys: readonly string[]) {
  const { kafka } = counting.connections
  const topicId = await kafka.topicId(changelog)
  const found = new Set<string>()
  let behind = 0
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const disk = new Disk({ dir, topic: changelog, topicId, partition })
    behind += (await kafka.offsetAt(changelog, partition, 'latest')) - disk.offset
    for (const key of keys) if (disk.get(Buffer.from(key)) !== undefined) found.add(key)
    await disk.close()
  }
  return { found, behind }
}

test('a replica has copies of the partitions that it does not own, without keys that were erased', async () => {
  const { makeTopics, count, send, connections, dir } = counting
  const topics = await makeTopics()
  const standbyDir = join(dir, uniqueName('standby'))
  const owner = await count(topics, { dir: join(dir, uniqueName('owner')) })
  const standby = await counting.store(topics, { dir: standbyDir, isStandby: true })
  await send(topics.input, KEYS)
  await owner.caughtUp()
  await sleep(FOLLOWED_MS)
  await send(topics.input, ['p0-0', 'p1-1-reset'])
  const producer = await connections.kafka.producer()
  const value = Buffer.from('1')
  await writeRecord(producer, { topic: topics.erasures, partition: 2, key: Buffer.from('p2-2'), value })
  await producer.stop()
  await owner.caughtUp()
  await expect.poll(() => owner.states.get(2)!.keys, soon).toBe(KEYS.length / PARTITIONS - 1)
  await sleep(FOLLOWED_MS)
  await standby.stop(0)
  const { found, behind } = await onDisk(topics, standbyDir, [...KEYS, 'p1-1-reset'])
  expect([...found].sort()).toEqual(KEYS.filter((key) => key !== 'p2-2').sort())
  expect(behind).toBe(0)
})

test('states are the same while partitions move between replicas with standby copies', async () => {
  const { makeTopics, count, send, counts, dir } = counting
  const topics = await makeTopics()
  const dirs = [join(dir, uniqueName('one')), join(dir, uniqueName('two'))]
  const replica = (i: number) => count(topics, { dir: dirs[i], isStandby: true })
  let replicas = [await replica(0)]
  let rounds = 0
  const round = async (): Promise<void> => {
    await send(topics.input, KEYS)
    rounds++
    await replicas[0].caughtUp()
    await sleep(FOLLOWED_MS / 2)
  }
  await round()
  for (let turn = 1; turn < 4; turn++) {
    replicas = [...replicas, await replica(turn % 2)]
    await round()
    const [gone, ...left] = replicas
    await gone.stop()
    replicas = left
    await round()
  }
  const found = await counts(topics)
  const expected = Array.from({ length: rounds }, (_, i) => i + 1)
  for (const key of KEYS) expect(found.get(key)).toEqual(expected)
}, 180_000)

async function start(options: Omit<WorkerOptions, 'brokers' | 'registry'>): Promise<[ChildProcess, Said[]]> {
  const [{ brokers }, { url: registry }] = await Promise.all([servers.kafka(), servers.registry()])
  const child = fork(WORKER, [JSON.stringify({ brokers, registry, ...options })])
  onTestFinished(() => void child.kill('SIGKILL'))
  const said: Said[] = []
  child.on('message', (message) => said.push(message as Said))
  await once(child, 'message')
  return [child, said]
}

test.each(LONG ? [true, false] : [true])(
  'a replica takes over from one that is killed; standby: %s',
  async (isStandby) => {
    const { makeTopics, send, connections, dir } = counting
    const { input, changelog } = await makeTopics()
    const options = { input, changelog, isStandby: false, dir: join(dir, uniqueName('owner')) }
    const [owner] = await start(options)
    owner.send('join')
    const lag = async () => (await connections.kafka.admin.lag(input)).reduce((sum, one) => sum + one.lag, 0)
    await send(input, MANY)
    await expect.poll(lag, { timeout: 60_000 }).toBe(0)
    const [heir, said] = await start({ ...options, isStandby, dir: join(dir, uniqueName('heir')) })
    await sleep(2 * FOLLOWED_MS)
    const again = MANY.slice(0, 3000)
    await send(input, again)
    await expect.poll(lag, soon).toBe(0)
    owner.kill('SIGKILL')
    heir.send('join')
    const begun = () => said.filter(({ what }) => what === 'begun') as { at: number }[]
    await expect.poll(() => begun().length, { timeout: 60_000 }).toBe(PARTITIONS)
    const assigned = said.find(({ what }) => what === 'assigned') as { at: number }
    const tookMs = Math.max(...begun().map(({ at }) => at)) - assigned.at
    console.log(`assigned → begun, ${MANY.length} keys, standby ${isStandby}: ${tookMs} ms`)
    if (isStandby) expect(tookMs).toBeLessThan(TAKEN_OVER_MS)
    await send(input, MANY)
    await expect.poll(lag, { timeout: 60_000 }).toBe(0)
    const found = await counting.changes(changelog)
    expect(found.size).toBe(MANY.length)
    for (const [i, key] of MANY.entries()) expect(found.get(key)).toBe(i < again.length ? 3 : 2)
  },
  240_000,
)
