/** Dead letters on a real broker: listed by cause, shown, and sent back byte for byte, each of them once. */

import { registerContracts } from '@weir/catalogue'
import { type Codec, openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import type { DeadLetter, DeadLetterTopic, Topics } from '@weir/contracts'
import { sampleOf } from '@weir/contracts/load.ts'
import {
  appendRecord,
  deadLetters,
  decodeHeaders,
  encodeHeaders,
  encodeValue,
  headerOf,
  type Kafka,
  kafkaConfig,
  keyOf,
  openKafka,
  type RecordBatch,
  unreadableLetters,
  valueOf,
  writeRecord,
} from '@weir/kafka'
import { topics } from '@weir/solutions'
import { deadLetterTopics, originsOf } from '@weir/solutions/dead-letters.ts'
import { servers, uniqueName } from '@weir/testkit'
import {
  countLetters,
  eachLetter,
  newestLetters,
  redrive,
  type ShownLetter,
  selectorOf,
  wasRedriven,
} from '@weir/topics/dead-letters/index.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readSelection, type SelectOptions } from './select.ts'
import { letterJson, letterText } from './show.ts'

const origin = uniqueName('origin')
const dead = uniqueName('origin.dead') as DeadLetterTopic
/** The codec asks for the contract of the last topic, so those of this test come first. */
const known: Topics = {
  [origin]: topics['taxi.telemetry'],
  [dead]: topics['taxi.telemetry.dead'],
  ...topics,
}
let kafka: Kafka
let codec: Codec
const stops: (() => Promise<void>)[] = []

/**
 * The records of the origin topic that were given up: two good reports, one that is not Avro, one without a
 * value, and one that no dead letter can hold.
 */
const ORIGINALS: { key: string | null; partition: number; code: string; value: 'report' | Buffer | null }[] =
  [
    { key: 'taxi-1', partition: 0, code: 'failed', value: 'report' },
    { key: 'taxi-2', partition: 1, code: 'undecodable', value: Buffer.from([1, 2, 255, 0, 17]) },
    { key: 'taxi-1', partition: 0, code: 'failed', value: 'report' },
    { key: null, partition: 2, code: 'undecodable', value: null },
    { key: 'taxi-3', partition: 1, code: 'rejected', value: Buffer.alloc(1_500_000, 'x') },
  ]
/** Not valid UTF-8: decoding and encoding it again changes it. */
const BINARY = Buffer.from([0xff, 0x00, 0xfe, 0x80])
const DEFAULT_MAX_BATCH_BYTES = 1_048_588 as const

beforeAll(async () => {
  const { url } = await servers.registry()
  const { brokers } = await servers.kafka()
  await registerContracts(url, topics)
  const opened = await openKafka(
    readConfig({ ...process.env, KAFKA_BROKERS: brokers.join(',') }, kafkaConfig),
  )
  kafka = opened.value
  const openedCodec = await openCodec({ topics: known, url })
  codec = openedCodec.value
  stops.push(opened.stop, openedCodec.stop)
  await kafka.admin.createTopics([
    { name: origin, partitions: 3, replicas: 1, configs: { 'max.message.bytes': '3000000' } },
    { name: dead, partitions: 3, replicas: 1, configs: {} },
  ])
  await die()
})

afterAll(async () => {
  await kafka?.admin.deleteTopics([origin, dead])
  for (const stop of stops.reverse()) await stop()
})

function frame(): Promise<Buffer> {
  return codec.writer('taxi.telemetry').then((writer) => {
    const buffer = Buffer.alloc(1024)
    return buffer.subarray(0, writer.encode(sampleOf(topics, 'taxi.telemetry'), buffer, 0))
  })
}

/** Puts the originals into the origin topic, reads them back and writes dead letters for them as flows do. */
async function die(): Promise<void> {
  const producer = await kafka.producer()
  stops.push(() => producer.stop())
  const report = await frame()
  const delivery = producer.delivery()
  ORIGINALS.forEach(({ key, partition, value }, index) => {
    const headers = { 'weir-id': `id-${index}`, 'weir-source': 'test', trace: BINARY }
    const bytes = value === 'report' ? report : value
    appendRecord(delivery, { topic: origin, partition, key, value: bytes, headers })
  })
  expect(await delivery.settled()).toEqual([])
  const bury = deadLetters(await codec.writer('taxi.telemetry.dead'), {
    topic: dead,
    partitions: 3,
    maxBatchBytes: DEFAULT_MAX_BATCH_BYTES,
    flow: 'test.flow',
  })
  const graves = producer.delivery()
  await eachRecord(origin, (batch, index) => {
    const { code } = ORIGINALS[idOf(batch, index)]
    bury(graves, batch, index, 'decode', { code, message: `It is ${code}.` })
  })
  expect(await graves.settled()).toEqual([])
}

const idOf = (batch: RecordBatch, index: number): number =>
  Number(decodeHeaders(batch.bytes, batch.headersStart[index])['weir-id'].slice(3))

async function eachRecord(topic: string, see: (batch: RecordBatch, index: number) => void): Promise<void> {
  await (
    await kafka.read({ topics: [topic], from: 'earliest', until: 'end' }, (batch) => {
      for (let i = 0; i < batch.length; i++) see(batch, i)
    })
  ).done
}

async function sendBack(options: SelectOptions, again = false) {
  const holding = await eachLetter(kafka, dead, () => {})
  const reader = await codec.reader('taxi.telemetry.dead')
  const select = selectorOf(readSelection(options))
  return redrive({ kafka, holding, again, origins: new Set([origin]), reader, select, sent: () => {} })
}

const newest = (options: SelectOptions = {}, count = 10) =>
  newestLetters({
    kafka,
    codec,
    topics: known,
    topic: dead,
    select: selectorOf(readSelection(options)),
    count,
  })

describe('dead letters', () => {
  test('are counted by cause', async () => {
    const counts = await countLetters(kafka, dead)
    expect(
      counts
        .map(({ flow, step, code, letters, redriven }) => ({ flow, step, code, letters, redriven }))
        .sort((a, b) => (a.code < b.code ? -1 : 1)),
    ).toEqual([
      { flow: 'test.flow', step: 'decode', code: 'failed', letters: 2, redriven: 0 },
      { flow: 'test.flow', step: 'decode', code: 'rejected', letters: 1, redriven: 0 },
      { flow: 'test.flow', step: 'decode', code: 'undecodable', letters: 2, redriven: 0 },
    ])
  })

  test('are shown with cause, origin, headers, and the value decoded or in hex', async () => {
    const { letters, invalid } = await newest()
    expect(invalid).toBe(0)
    const shown = new Map(
      letters.map((letter) => [
        Number(
          letter.headers
            .find(([name]) => name === 'weir-id')![1]!
            .toString()
            .slice(3),
        ),
        { json: JSON.parse(letterJson(letter)), text: letterText(letter) },
      ]),
    )
    expect(shown.get(0)!.json).toMatchObject({
      flow: 'test.flow',
      step: 'decode',
      code: 'failed',
      topic: origin,
      partition: 0,
      offset: 0,
      key: 'taxi-1',
      value: { deviceId: 'taxi-0417' },
      headers: { 'weir-id': 'id-0', 'weir-source': 'test' },
    })
    expect(shown.get(0)!.json.headers.trace).toBe(`0x${BINARY.toString('hex')}`)
    expect(shown.get(0)!.text).toContain('header  weir-source: test\n')
    expect(shown.get(1)!.json).toMatchObject({ hex: '0102ff0011' })
    expect(shown.get(1)!.text).toContain('0x0102ff0011')
    expect(shown.get(4)!.json).toMatchObject({
      truncated: true,
      topic: origin,
      offset: 1,
      hex: '78'.repeat(16 << 10),
      headers: { 'weir-id': 'id-4' },
    })
    expect(shown.get(4)!.text).toContain('Truncated')
    expect(shown.get(3)!.json).toMatchObject({ key: null, value: null })
    const places = (found: readonly ShownLetter[]): string[] => found.map(({ at }) => at)
    expect(places((await newest({}, 2)).letters)).toEqual(places(letters.slice(-2)))
  })

  test('are sent back byte for byte, only the selected ones, and each once', async () => {
    const sent = async (options: SelectOptions): Promise<number> => (await sendBack(options)).sent
    expect(await sent({ code: 'undecodable' })).toBe(2)
    expect(await sent({ code: 'undecodable' })).toBe(0)
    expect(await sent({ at: ['0:0'] })).toBe(1)
    expect(await sendBack({})).toEqual({
      sent: 1,
      left: { truncated: 1, foreign: 0, unreadable: 0, invalid: 0 },
    })
    expect(await sent({})).toBe(0)
    const first = new Map<number, string>()
    const back = new Map<number, string[]>()
    await eachRecord(origin, (batch, index) => {
      const id = idOf(batch, index)
      expect(headerOf(batch, index, 'trace')).toEqual(BINARY)
      const headers = decodeHeaders(batch.bytes, batch.headersStart[index])
      const record = JSON.stringify([
        batch.partition,
        keyOf(batch, index),
        valueOf(batch, index),
        headers['weir-source'],
        headerOf(batch, index, 'trace'),
      ])
      if (!headers['weir-redriven']) first.set(id, record)
      else {
        back.set(id, [...(back.get(id) ?? []), record])
        expect(Object.keys(headers).filter((name) => name.startsWith('weir-dead-'))).toEqual([])
      }
    })
    expect(back.size).toBe(4)
    for (const [id, records] of back) expect(records).toEqual([first.get(id)])
    expect((await countLetters(kafka, dead)).map(({ letters, redriven }) => [letters, redriven])).toEqual(
      expect.arrayContaining([
        [2, 2],
        [2, 2],
        [1, 0],
      ]),
    )
  })

  test('are not sent back to topics of other origin, and records that are not dead letters are skipped', async () => {
    expect([...originsOf('taxi.telemetry.dead')]).toEqual(['taxi.telemetry'])
    expect(deadLetterTopics().every((topic) => originsOf(topic).size === 1)).toBe(true)
    const control = uniqueName('control')
    await kafka.admin.createTopics([{ name: control, partitions: 1, replicas: 1, configs: {} }])
    const writer = await codec.writer('taxi.telemetry.dead')
    const sample = sampleOf(topics, 'taxi.telemetry.dead') as DeadLetter
    const forged = { ...sample, truncated: false, key: null, value: Buffer.from('planted') }
    const letter = (topic: string, partition: number) => encodeValue(writer, { ...forged, topic, partition })
    const bad = [letter(control, 0), letter(origin, -1), letter('no such topic', 0), Buffer.from('no letter')]
    const headers = encodeHeaders({ 'weir-dead-code': 'forged' })
    const producer = await kafka.producer()
    stops.push(() => producer.stop())
    for (const value of [...bad, letter(origin, 0)]) {
      await writeRecord(producer, { topic: dead, partition: 0, key: 'forged', value, headers })
    }
    expect(await sendBack({ code: 'forged' })).toEqual({
      sent: 1,
      left: { truncated: 0, foreign: 3, unreadable: 0, invalid: 1 },
    })
    expect(await kafka.offsetAt(control, 0, 'latest')).toBe(0)
    await kafka.admin.deleteTopics([control])
  })

  test('show the offsets of an unreadable batch, and are not sent back if they stand for one', async () => {
    const producer = await kafka.producer()
    const delivery = producer.delivery()
    const unreadable = { firstOffset: 40, reason: 'it fails its checksum' }
    const batch = { topic: origin, partition: 1, nextOffset: 48, unreadable } as RecordBatch
    const options = { topic: dead, partitions: 3, maxBatchBytes: DEFAULT_MAX_BATCH_BYTES, flow: 'test.flow' }
    unreadableLetters(await codec.writer('taxi.telemetry.dead'), options)(delivery, batch)
    expect(await delivery.settled()).toEqual([])
    await producer.stop()
    const count = { flow: 'test.flow', step: 'read', code: 'unreadable', letters: 1, redriven: 0 }
    expect(await countLetters(kafka, dead)).toContainEqual(expect.objectContaining(count))

    const shown = (await newest({ code: 'unreadable' })).letters.map((letter) => letterText(letter))
    expect(shown).toHaveLength(1)
    expect(shown[0]).toContain(`origin  ${origin} 1:40 to 47\n`)
    expect(shown[0]).toContain('it fails its checksum')
    expect(await sendBack({ code: 'unreadable' })).toEqual({
      sent: 0,
      left: { truncated: 0, foreign: 0, unreadable: 1, invalid: 0 },
    })
  })

  test('are sent back again on request', async () => {
    expect((await sendBack({ code: 'failed' }, true)).sent).toBe(2)
    const holding = await eachLetter(kafka, dead, () => {})
    expect(wasRedriven(holding, 0, 0)).toBe(true)
  })
})
