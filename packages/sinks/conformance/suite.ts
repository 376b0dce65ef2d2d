/**
 * The requirements for every kind of sink, over real Kafka and its real destination behind a proxy that
 * misbehaves. Whatever happens, each record is at the destination once, or is a dead letter.
 */
import { randomUUID } from 'node:crypto'
import { storeUnreadable } from '@weir/kafka/conformance/unreadable.ts'
import { type Readiness, type Resource, stage } from '@weir/service'
import type { TaxiTelemetry } from '@weir/solutions/taxi-telemetry/generated/types.ts'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Fault, FaultyProxy } from './faulty-proxy.ts'
import { openPipeline, type Pipeline, type Sent, TOPIC } from './pipeline.ts'

/** A kind of sink, as the suite uses it. */
export interface SinkUnderTest {
  /** The service that runs the sink. */
  readonly service: string
  /** The proxy in front of the destination. */
  readonly proxy: FaultyProxy
  /**
   * Opens the sink of that name, from TOPIC through the proxy, with its dead letters in DEAD_LETTERS and
   * pauses of PAUSE_MS. A reply that does not come counts as lost after a few seconds.
   */
  open(name: string, pipeline: Pipeline): Promise<Resource<{ readonly ready: Readiness }>>
  /**
   * The number of the sink's records from that source (weir-source) as a reader of the destination sees them,
   * each id once.
   */
  count(name: string, source: string): Promise<number>
  /** The number of records that such a reader would see twice; at most 10,000 are looked at. */
  doubled(name: string): Promise<number>
  /** Values that the contract of a report allows, and the destination refuses. */
  readonly unfit: Partial<TaxiTelemetry>
  /**
   * Makes the destination refuse records of that day (UTC, by event time); the function that it resolves to
   * ends that.
   */
  block(name: string, day: number): Promise<() => Promise<void>>
  close(): Promise<void>
}

export const PAUSE_MS = 1500
const DAY = 86_400_000
const LONG = { timeout: 40_000, interval: 100 }
/** More records than the open requests of a sink hold. */
const FLOOD = 20_000

/** @param openKind called once, before all tests */
export function sinkSuite(kind: string, openKind: () => Promise<SinkUnderTest>): void {
  describe(`a sink into ${kind}`, { timeout: 60_000 }, () => {
    const source = `sink-${randomUUID()}`
    let pipeline: Pipeline
    let sut: SinkUnderTest
    let name: string
    let begin: Awaited<ReturnType<Pipeline['end']>>
    let running: Resource<{ readonly ready: Readiness }> | undefined
    let sent = 0

    beforeAll(async () => {
      pipeline = await openPipeline(source)
      sut = await openKind()
    }, 120_000)
    afterEach(async () => {
      sut.proxy.fault = () => 'pass'
      await stop(5000)
    })
    afterAll(async () => {
      await sut?.close()
      await pipeline?.stop()
    })

    const group = (): string => `${sut.service}.${name}`
    /** Opens a new sink, or the same one again; it reads what is sent from the first opening on. */
    async function run(again = false): Promise<void> {
      if (!again) {
        name = `test-${randomUUID()}`
        begin = await pipeline.end()
        await pipeline.beginAt(group(), begin)
      }
      running = await sut.open(name, pipeline)
    }
    async function stop(drainMs: number): Promise<void> {
      const last = running
      running = undefined
      await last?.stop(drainMs)
    }
    const readiness = () => Object.values(running!.value.ready).map((ready) => ready())
    const ready = () =>
      vi.waitFor(() => expect(readiness().every((state) => state === true)).toBe(true), LONG)
    const told = (reason: string | RegExp) =>
      vi.waitFor(() => expect(readiness().join()).toMatch(reason), { ...LONG, interval: 10 })

    /** Creates records that no other test has. */
    function records(count: number, changes: Partial<TaxiTelemetry> = {}): Sent[] {
      return Array.from({ length: count }, () => {
        const id = `${source}-${sent++}`
        const deviceId = `taxi-${sent % 50}`
        return { id, key: deviceId, value: pipeline.encode({ deviceId, ...changes }) }
      })
    }
    /** Waits until exactly that many records are at the destination, each written once. */
    async function delivered(count: number): Promise<void> {
      await vi.waitFor(async () => expect(await sut.count(name, source)).toBeGreaterThanOrEqual(count), LONG)
      expect([await sut.count(name, source), await sut.doubled(name)]).toEqual([count, 0])
    }
    /** The dead letters of this test's sink, by id. */
    const letters = async (code?: string) =>
      (await pipeline.deadLetters(code)).filter(({ letter }) => letter.flow === group())
    /** Decides about writes only. */
    const onWrites = (decide: () => Fault): void => {
      sut.proxy.fault = (path) => (sut.proxy.isWrite(path) ? decide() : 'pass')
    }
    const inTurn = (faults: readonly Fault[]): (() => number) => {
      let next = 0
      onWrites(() => faults[next++] ?? 'pass')
      return () => next
    }

    test('delivers each record once, and reports its counts and latency', async () => {
      await run()
      await pipeline.send(records(3000))
      await delivered(3000)
      await ready()
      await vi.waitFor(async () => expect(await pipeline.lag(group())).toBe(0), LONG)
      const window = stage(group()).takeWindow()
      expect([window.records, window.failed]).toEqual([3000, 0])
      expect(window.p99).toBeGreaterThan(0)
    })

    test("writes nothing new after a redelivery of everything and a client's retry", async () => {
      await run()
      const mine = records(1000)
      await pipeline.send(mine)
      await pipeline.send(mine)
      let seen = 0
      const all = () => expect((seen += stage(group()).takeWindow().records)).toBe(2000)
      await vi.waitFor(all, LONG)
      await delivered(1000)
      await stop(5000)
      await pipeline.beginAt(group(), begin)
      seen = 0
      await run(true)
      await vi.waitFor(all, LONG)
      await delivered(1000)
    })

    test('waits for an unreachable destination at the start and during deliveries', async () => {
      sut.proxy.fault = () => 'refuse'
      await run()
      expect(readiness()).not.toContain(true)
      await pipeline.send(records(500))
      sut.proxy.fault = () => 'pass'
      await delivered(500)
      sut.proxy.fault = () => 'refuse'
      await pipeline.send(records(500))
      await told(/^unreachable: /)
      sut.proxy.fault = () => 'pass'
      await delivered(1000)
      await ready()
    })

    test('loses and duplicates nothing if the destination hangs up, is busy or loses replies', async () => {
      await run()
      const faults = [
        'cut',
        'refuse',
        429,
        'pass',
        503,
        'hang',
        'pass',
        429,
        'cut',
        'pass',
        'refuse',
      ] as const
      const requests = inTurn(faults)
      let total = 0
      while (requests() < faults.length) {
        const before = requests()
        await pipeline.send(records(1000))
        total += 1000
        await expect.poll(requests, LONG).toBeGreaterThan(before)
      }
      await delivered(total)
    })

    test('reports a destination that hangs, and sends again', async () => {
      await run()
      let hangs = true
      onWrites(() => (hangs ? 'hang' : 'pass'))
      await pipeline.send(records(100))
      await told(/^timeout: /)
      hangs = false
      await delivered(100)
      await ready()
    })

    test('keeps up with a slow destination by several concurrent requests', async () => {
      await run()
      onWrites(() => 'slow')
      for (let i = 0; i < 8; i++) await pipeline.send(records(500))
      await delivered(4000)
    })

    test('leaves records in Kafka while the destination does not accept them', async () => {
      await run()
      onWrites(() => 429)
      const before = sut.proxy.writes.length
      for (let i = 0; i < FLOOD; i += 5000) await pipeline.send(records(5000))
      await vi.waitFor(() => expect(sut.proxy.writes.length).toBeGreaterThan(before + 5), LONG)
      expect(await pipeline.lag(group())).toBe(FLOOD)
      const open = new Set(sut.proxy.writes.slice(before).map(String))
      expect(open.size).toBeLessThanOrEqual(4)
      onWrites(() => 'pass')
      await delivered(FLOOD)
    })

    test('continues after a restart where the previous delivery ended', async () => {
      await run()
      onWrites(() => 'slow')
      const before = sut.proxy.writes.length
      await pipeline.send(records(5000))
      await vi.waitFor(() => expect(sut.proxy.writes.length).toBeGreaterThan(before), LONG)
      await stop(0)
      onWrites(() => 'pass')
      await pipeline.send(records(500))
      await run(true)
      await delivered(5500)
    })

    test('makes dead letters of poison records, with cause and origin, and delivers their neighbours', async () => {
      await run()
      const good = pipeline.encode()
      const wrongSchema = Buffer.from(good)
      wrongSchema.writeInt32BE(999_999, 1)
      const poison = {
        garbage: Buffer.from('no Avro at all'),
        schema: wrongSchema,
        truncated: good.subarray(0, good.length - 3),
        tombstone: null,
        unfit: pipeline.encode(sut.unfit),
      }
      const bad = Object.entries(poison).map(([what, value]) => ({
        id: `${source}-${name}-${what}`,
        key: 'taxi-0',
        value,
      }))
      await pipeline.send([...records(20), ...bad, ...records(20)])
      await delivered(40)
      const found = await vi.waitFor(async () => {
        const some = await letters()
        expect(some).toHaveLength(bad.length)
        return some
      }, LONG)
      const byWhat = new Map(found.map(({ id, letter }) => [id.slice(`${source}-${name}-`.length), letter]))
      const codeOf = (what: string) => byWhat.get(what)?.code
      expect(['garbage', 'schema', 'truncated', 'tombstone'].map(codeOf)).toEqual([
        'undecodable',
        'unknown-schema',
        'undecodable',
        'undecodable',
      ])
      expect(byWhat.get('unfit')).toMatchObject({ topic: TOPIC, code: expect.stringMatching(/./) })
      expect(Buffer.compare(byWhat.get('unfit')!.value!, poison.unfit)).toBe(0)
    })

    test('makes a dead letter with the offsets of an unreadable record batch', async () => {
      await run()
      await pipeline.send(records(5))
      const offset = await storeUnreadable(pipeline.brokers, TOPIC, 0, 4)
      await pipeline.send(records(5))
      await delivered(10)
      const letter = expect.objectContaining({
        step: 'read',
        code: 'unreadable',
        topic: TOPIC,
        partition: 0,
        offset,
        lastOffset: offset + 3,
      })
      await vi.waitFor(
        async () => expect(await letters('unreadable')).toContainEqual({ id: '', letter }),
        LONG,
      )
    })

    test('holds records of a faulty part of the destination, delivers the others, and makes no dead letters', async () => {
      await run()
      await ready()
      const [faulty, sound] = [Date.now() - DAY, Date.now()]
      const mend = await sut.block(name, faulty)
      const half = [
        ...records(50, { eventTime: faulty }),
        ...records(50, { eventTime: sound }),
        ...records(50, { eventTime: faulty }),
      ]
      await pipeline.send(half)
      await told(/ wait because of /)
      await delivered(50)
      expect(await pipeline.lag(group())).toBeGreaterThan(0)
      await mend()
      await delivered(150)
      await ready()
      expect(await letters()).toEqual([])
    })

    test('pauses if more than 5 % of the records are dead, reports that, and continues later', async () => {
      await run()
      await ready()
      const flood = records(300).map((record) => ({ ...record, key: 'taxi-0', value: Buffer.from('poison') }))
      await pipeline.send(flood)
      await told(/5 % of the last minute's records/)
      await pipeline.send(records(100))
      await ready()
      await delivered(100)
    })
  })
}
