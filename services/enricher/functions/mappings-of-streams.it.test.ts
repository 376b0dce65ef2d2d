/** Event source mappings over real streams that are resharded, deleted and recreated. */

import { aggregate } from '@weir/aws/testing/aggregate.ts'
import { keyOf, valueOf } from '@weir/kafka'
import { describe, expect, test } from 'vitest'
import { functionOf, mappingOf } from './testing/hosting.ts'
import { ECHO, expectKeysInOrder, useMappings } from './testing/mappings.ts'
import { testStream } from './testing/streams.ts'

const { opened, topic, readAll, host } = useMappings()

/** Values of ten keys, from this number on. */
const valuesFrom = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `key-${n % 10}:${from + n}`)
const outputOf = async (output: string): Promise<string[]> =>
  (await readAll(output)).map(({ value }) => value)

describe('a mapping of a stream', () => {
  test('delivers Kinesis events, and reads a child after its parents', async () => {
    const [stream, output] = [await testStream(opened()), await topic(1, 'output')]
    const { name } = stream
    await stream.put(valuesFrom(0, 100))
    await stream.split()
    await stream.put(valuesFrom(100, 100))
    const slow = `${ECHO.replace('n++', `await new Promise((r) => setTimeout(r, 50)); if (n++ === 0 && !event.Records[0].eventSourceARN.endsWith(':stream/${name}')) throw new Error('no Kinesis event')`)}`
    await host({
      definitions: [functionOf('slow', slow)],
      mappings: [mappingOf(name, 'slow', { kind: 'kinesis', stream: name }, { batchSize: 10 }, { output })],
    })
    await expect.poll(() => outputOf(output), { timeout: 20_000 }).toHaveLength(200)
    expectKeysInOrder(await outputOf(output))
  })

  test('does not wait for itself if a batch reaches into a later shard of its partition', async () => {
    const [stream, output] = [await testStream(opened()), await topic(1, 'output')]
    const { name } = stream
    await stream.put(valuesFrom(0, 10))
    await stream.split()
    await stream.put(valuesFrom(10, 10))
    await stream.rest()
    await stream.merge()
    await stream.put(valuesFrom(20, 10))
    expect(stream.shards().map(({ partition }) => partition)).toEqual([0, 1, 2, 0])
    await host({
      definitions: [functionOf('echo', ECHO)],
      mappings: [mappingOf(name, 'echo', { kind: 'kinesis', stream: name }, { batchSize: 100 }, { output })],
    })
    await expect.poll(() => outputOf(output), { timeout: 20_000 }).toHaveLength(30)
    expectKeysInOrder(await outputOf(output))
  })

  test('delivers every record of a stream that is deleted and recreated', async () => {
    const [stream, output] = [await testStream(opened()), await topic(1, 'output')]
    const { name } = stream
    const [first, second] = [5, 8].map((count) => Array.from({ length: count }, (_, n) => `k:${count}-${n}`))
    await host({
      definitions: [functionOf('echo', ECHO)],
      mappings: [mappingOf(name, 'echo', { kind: 'kinesis', stream: name }, {}, { output })],
    })
    await stream.put(first)
    await expect.poll(() => outputOf(output), { timeout: 20_000 }).toEqual(first)
    await stream.remove()
    await stream.create()
    await stream.put(second)
    await expect.poll(() => outputOf(output), { timeout: 30_000 }).toEqual([...first, ...second])
  })

  test('splits aggregated records of the Kinesis Producer Library, with their bytes unchanged', async () => {
    const [stream, output] = [await testStream(opened()), await topic(1, 'output')]
    const { name } = stream
    const bytes = (...values: number[]) => Buffer.from(values)
    const values = [
      aggregate([
        ['a', bytes(0, 255)],
        ['b', bytes(128)],
        ['a', bytes()],
      ]),
      bytes(9, 200),
    ]
    await stream.store(values.map((data) => ({ key: 'z', data })))
    const apart = `export const handler = async ({ Records }) => ({ records: Records.map(({ kinesis: { partitionKey: key, data: value } }) => ({ key, value, encoding: 'base64' })) })`
    await host({
      definitions: [functionOf('apart', apart)],
      mappings: [mappingOf(name, 'apart', { kind: 'kinesis', stream: name }, {}, { output })],
    })
    const found: unknown[] = []
    const reading = await opened().kafka.read(
      { topics: [output], from: 'earliest', until: 'stopped' },
      (batch) => {
        for (let i = 0; i < batch.length; i++) found.push([String(keyOf(batch, i)), [...valueOf(batch, i)!]])
      },
    )
    await expect
      .poll(() => found, { timeout: 15_000 })
      .toEqual([
        ['a', [0, 255]],
        ['b', [128]],
        ['a', []],
        ['z', [9, 200]],
      ])
    await reading.stop()
  })
})
