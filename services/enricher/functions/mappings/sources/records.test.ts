import { aggregate } from '@weir/aws/testing/aggregate.ts'
import { NO_HEADERS } from '@weir/kafka'
import { readBatches } from '@weir/kafka/records/batch-reader.ts'
import { BatchWriter } from '@weir/kafka/records/batch-writer.ts'
import { expect, test } from 'vitest'
import { recordsEvent } from '../slice.ts'
import { kafkaEvent, kafkaRecord, writeKafka } from './kafka-records.ts'
import { kinesisRecords, writeKinesis } from './kinesis-records.ts'

/** One partition's records with these values under the key "key". */
function batchOf(...values: Buffer[]) {
  const writer = new BatchWriter()
  const key = Buffer.from('key')
  for (const value of values)
    writer.append(key, 0, 3, value, 0, value.length, NO_HEADERS, 0, NO_HEADERS.length)
  const bytes = Buffer.from(
    writer.finish({ producerId: 1n, producerEpoch: 0, baseSequence: 0, transactional: false }, 0),
  )
  return readBatches({ topic: 't', partition: 3, position: 0, bytes, aborted: [], endOffset: values.length })
}

const ORIGIN = {
  streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s',
  region: 'us-east-1',
  identityArn: 'arn:aws:iam::000000000000:role/f',
  shardId: 'shardId-000000000000',
  sequenceNumber: (offset: number) => `seq-${offset}`,
}

test("a Kinesis event has the same shape as Lambda's", () => {
  const batch = batchOf(Buffer.from('hello'))
  expect(JSON.parse(recordsEvent(kinesisRecords(batch, 0, ORIGIN).map(writeKinesis)))).toEqual({
    Records: [
      {
        kinesis: {
          kinesisSchemaVersion: '1.0',
          partitionKey: 'key',
          sequenceNumber: 'seq-0',
          data: 'aGVsbG8=',
          approximateArrivalTimestamp: batch.timestamps[0] / 1000,
        },
        eventSource: 'aws:kinesis',
        eventVersion: '1.0',
        eventID: 'shardId-000000000000:seq-0',
        eventName: 'aws:kinesis:record',
        invokeIdentityArn: 'arn:aws:iam::000000000000:role/f',
        awsRegion: 'us-east-1',
        eventSourceARN: ORIGIN.streamArn,
      },
    ],
  })
})

test('aggregated records are split, and one with a bad checksum or an impossible key is an ordinary record', () => {
  const whole = aggregate([
    ['a', Buffer.from('one')],
    ['b', Buffer.from('two')],
  ])
  const broken = Buffer.from(whole)
  broken[broken.length - 1] ^= 1
  const long = aggregate([['k'.repeat(257), Buffer.from('one')]])
  const batch = batchOf(whole, broken, long)
  const shown = [0, 1, 2].map((i) =>
    kinesisRecords(batch, i, ORIGIN)
      .map(writeKinesis)
      .map(({ json, identifier, key }) => {
        const { partitionKey, data } = JSON.parse(json).kinesis
        return [identifier, String(key), partitionKey, Buffer.from(data, 'base64').toString('latin1')]
      }),
  )
  expect(shown).toEqual([
    [
      ['seq-0', 'a', 'a', 'one'],
      ['seq-0', 'b', 'b', 'two'],
    ],
    [['seq-1', 'key', 'key', broken.toString('latin1')]],
    [['seq-2', 'key', 'key', long.toString('latin1')]],
  ])
})

test.each(['CREATE_TIME', 'LOG_APPEND_TIME'] as const)(
  "a Kafka event has the same shape as Lambda's, with timestamps of the type %s",
  (timestampType) => {
    const batch = batchOf(Buffer.from('hello'))
    expect(
      JSON.parse(
        kafkaEvent({ topic: 't', partition: 3, bootstrapServers: 'b:9092' }, [
          writeKafka(kafkaRecord(batch, 0, timestampType)),
        ]),
      ),
    ).toEqual({
      eventSource: 'SelfManagedKafka',
      bootstrapServers: 'b:9092',
      records: {
        't-3': [
          {
            topic: 't',
            partition: 3,
            offset: 0,
            timestamp: batch.timestamps[0],
            timestampType,
            key: 'a2V5',
            value: 'aGVsbG8=',
            headers: [],
          },
        ],
      },
    })
  },
)
