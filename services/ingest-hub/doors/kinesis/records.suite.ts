/** Records by Kinesis's API, with the client of AWS for JavaScript. kinesis.it.test.ts runs it on its hub. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  GetRecordsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  UpdateMaxRecordSizeCommand,
} from '@aws-sdk/client-kinesis'
import { decodeHeaders, keyOf, valueOf } from '@weir/kafka'
import { describe, expect, test } from 'vitest'

import { clientOf, openKinesisTests, shardOf, text } from './testing/kinesis.ts'

const { kafka, hub, client, create, iterator, readAll } = await openKinesisTests()

describe('records', () => {
  test('are read as they were put, by Kinesis and by Kafka', async () => {
    const name = await create(1)
    const { ShardId, SequenceNumber } = await client.send(
      new PutRecordCommand({ StreamName: name, PartitionKey: 'key-ü', Data: Buffer.from('héllo') }),
    )
    expect([ShardId, SequenceNumber]).toEqual([shardOf(0), expect.stringMatching(/^\d{56}$/)])
    const { records } = await readAll(await iterator(name, ShardId!, 'TRIM_HORIZON'))
    expect(records).toEqual([
      {
        PartitionKey: 'key-ü',
        Data: expect.anything(),
        SequenceNumber,
        ApproximateArrivalTimestamp: expect.any(Date),
      },
    ])
    expect(text(records[0])).toBe('héllo')
    expect(Math.abs(records[0].ApproximateArrivalTimestamp!.getTime() - Date.now())).toBeLessThan(5000)

    const batch = await kafka.fetch(`stream.${name}`, 0, 0, 1 << 20)
    expect([
      String(keyOf(batch, 0)),
      String(valueOf(batch, 0)),
      decodeHeaders(batch.bytes, batch.headersStart[0]),
    ]).toEqual([
      'key-ü',
      'héllo',
      {
        'weir-id': expect.stringMatching(/^[0-9a-f-]{36}-0$/),
        'weir-source': 'test',
        traceparent: expect.any(String),
      },
    ])
  })

  test('have the same ids when a client repeats its call', async () => {
    const name = await create(1)
    const named = clientOf(hub)
    const invocation = '0191b7a2-0000-4000-8000-00000000abcd'
    named.middlewareStack.addRelativeTo(
      (next: any) => (args: any) => {
        args.request.headers['amz-sdk-invocation-id'] = invocation
        return next(args)
      },
      { relation: 'after', toMiddleware: 'retryMiddleware' },
    )
    const Records = ['a', 'b'].map((key) => ({ PartitionKey: key, Data: Buffer.from(key) }))
    for (let attempt = 0; attempt < 2; attempt++)
      await named.send(new PutRecordsCommand({ StreamName: name, Records }))
    named.destroy()
    const batch = await kafka.fetch(`stream.${name}`, 0, 0, 1 << 20)
    const ids = Array.from(
      { length: batch.length },
      (_, i) => decodeHeaders(batch.bytes, batch.headersStart[i])['weir-id'],
    )
    expect(ids).toEqual([0, 1, 0, 1].map((i) => `${invocation}-${i}`))
  })

  test('are answered in the order of the request, and stored in the shards of their keys', async () => {
    const name = await create(undefined)
    const Records = Array.from({ length: 500 }, (_, i) => ({
      PartitionKey: `key-${i % 50}`,
      Data: Buffer.from(`${i}`),
    }))
    const answer = await client.send(new PutRecordsCommand({ StreamName: name, Records }))
    expect(answer.FailedRecordCount).toBe(0)
    const byShard = new Map<string, string[]>()
    answer.Records!.forEach(({ ShardId, SequenceNumber }, i) =>
      byShard.set(ShardId!, [...(byShard.get(ShardId!) ?? []), `${SequenceNumber}:${i}`]),
    )
    expect(byShard.size).toBe(4)
    for (const [shard, expected] of byShard) {
      const { records } = await readAll(await iterator(name, shard, 'TRIM_HORIZON'))
      expect(records.map((record) => `${record.SequenceNumber}:${text(record)}`)).toEqual(expected)
    }
  })

  test('are stored by an explicit hash key rather than by the partition key', async () => {
    const name = await create(2)
    const put = async (ExplicitHashKey: string) =>
      (
        await client.send(
          new PutRecordCommand({
            StreamName: name,
            PartitionKey: 'same',
            ExplicitHashKey,
            Data: Buffer.from(''),
          }),
        )
      ).ShardId
    expect([
      await put('0'),
      await put(String(2n ** 127n - 1n)),
      await put(String(2n ** 127n)),
      await put(String(2n ** 128n - 1n)),
    ]).toEqual([shardOf(0), shardOf(0), shardOf(1), shardOf(1)])
    await expect(put(String(2n ** 128n))).rejects.toMatchObject({ name: 'InvalidArgumentException' })
  })

  test('are read by iterators of all five types', async () => {
    const name = await create(1)
    const put = async (data: string) =>
      (
        await client.send(
          new PutRecordCommand({ StreamName: name, PartitionKey: 'k', Data: Buffer.from(data) }),
        )
      ).SequenceNumber!
    const [, second] = [await put('1'), await put('2')]
    await sleep(50)
    const between = new Date()
    await sleep(50)
    const latest = await iterator(name, shardOf(0), 'LATEST')
    await put('3')
    const read = async (type: string, rest: object = {}) =>
      (await readAll(await iterator(name, shardOf(0), type, rest))).records.map(text)
    expect(await read('TRIM_HORIZON')).toEqual(['1', '2', '3'])
    expect(await read('AT_SEQUENCE_NUMBER', { StartingSequenceNumber: second })).toEqual(['2', '3'])
    expect(await read('AFTER_SEQUENCE_NUMBER', { StartingSequenceNumber: second })).toEqual(['3'])
    expect(await read('AT_TIMESTAMP', { Timestamp: between })).toEqual(['3'])
    expect((await readAll(latest)).records.map(text)).toEqual(['3'])
    await expect(client.send(new GetRecordsCommand({ ShardIterator: 'AAAA' }))).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: 'Invalid ShardIterator.',
    })
  })

  test('are refused one by one beyond 1,000 a second in a provisioned shard', async () => {
    const name = await create(1)
    const put = () =>
      client.send(
        new PutRecordsCommand({
          StreamName: name,
          Records: Array.from({ length: 500 }, () => ({ PartitionKey: 'k', Data: Buffer.from('x') })),
        }),
      )
    const answers = await Promise.all([put(), put(), put(), put()])
    const failed = answers.reduce((sum, { FailedRecordCount }) => sum + FailedRecordCount!, 0)
    expect(failed).toBeGreaterThan(500)
    const refused = answers
      .flatMap(({ Records }) => Records!)
      .find(({ ErrorCode }) => ErrorCode !== undefined)
    expect(refused).toEqual({
      ErrorCode: 'ProvisionedThroughputExceededException',
      ErrorMessage: `Rate exceeded for shard ${shardOf(0)} in stream ${name} under account 000000000000.`,
    })
    expect((await readAll(await iterator(name, shardOf(0), 'TRIM_HORIZON'))).records).toHaveLength(
      2000 - failed,
    )
  })

  test('are not stored if a request is too large, has too many of them or is wrong', async () => {
    const name = await create(1)
    const record = { PartitionKey: 'k', Data: Buffer.from('x') }
    const tooLarge = new PutRecordCommand({ StreamName: name, ...record, Data: Buffer.alloc((1 << 20) + 1) })
    await expect(client.send(tooLarge)).rejects.toMatchObject({ name: 'ValidationException' })
    await expect(
      client.send(new PutRecordsCommand({ StreamName: name, Records: Array(501).fill(record) })),
    ).rejects.toMatchObject({ name: 'ValidationException' })
    await expect(client.send(new PutRecordsCommand({ StreamName: name, Records: [] }))).rejects.toMatchObject(
      { name: 'ValidationException' },
    )
    const tenth = (key: string) => ({
      PartitionKey: key,
      Data: Buffer.alloc((1 << 20) - Buffer.byteLength(key)),
    })
    const over = [
      ...Array(9).fill(tenth('ü'.repeat(100))),
      tenth('k'),
      { PartitionKey: 'k', Data: Buffer.alloc(0) },
    ]
    await expect(
      client.send(new PutRecordsCommand({ StreamName: name, Records: over })),
    ).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: 'Records size exceeds 10 MB limit: the request has 10485761 bytes.',
    })
    await expect(
      client.send(new PutRecordCommand({ StreamName: name, ...record, PartitionKey: 'k'.repeat(257) })),
    ).rejects.toMatchObject({ name: 'ValidationException' })
    expect((await readAll(await iterator(name, shardOf(0), 'TRIM_HORIZON'))).records).toEqual([])
    await client.send(
      new PutRecordCommand({ StreamName: name, ...record, Data: Buffer.alloc((1 << 20) - 1) }),
    )
    const onDemand = await create(undefined)
    const Records = Array(10).fill(tenth('ü'.repeat(100)))
    const largest = await client.send(new PutRecordsCommand({ StreamName: onDemand, Records }))
    expect(largest.FailedRecordCount).toBe(0)
    const StreamARN = `arn:aws:kinesis:us-east-1:000000000000:stream/${onDemand}`
    await client.send(new UpdateMaxRecordSizeCommand({ StreamARN, MaxRecordSizeInKiB: 2048 }))
    const put = (bytes: number) =>
      client.send(new PutRecordCommand({ StreamName: onDemand, ...record, Data: Buffer.alloc(bytes) }))
    await put((2 << 20) - 1)
    await expect(put(2 << 20)).rejects.toMatchObject({ name: 'ValidationException' })
  })

  test('are refused if the sequence number for ordering is invalid or from the future', async () => {
    const put = { StreamName: await create(1), PartitionKey: 'k', Data: Buffer.from('x') }
    // The layout of a sequence number, with all seconds far ahead.
    const ahead = BigInt(`0x2${'f'.repeat(10)}${'7'.padEnd(16, 'f')}00${'0'.repeat(9)}7fffffff2`)
    for (const SequenceNumberForOrdering of ['5', String(ahead)]) {
      await expect(
        client.send(new PutRecordCommand({ ...put, SequenceNumberForOrdering })),
      ).rejects.toMatchObject({ name: 'InvalidArgumentException' })
    }
    const { SequenceNumber } = await client.send(new PutRecordCommand(put))
    await client.send(new PutRecordCommand({ ...put, SequenceNumberForOrdering: SequenceNumber }))
    expect((await readAll(await iterator(put.StreamName, shardOf(0), 'TRIM_HORIZON'))).records).toHaveLength(
      2,
    )
  })
})
