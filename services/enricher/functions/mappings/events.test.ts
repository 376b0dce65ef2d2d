import { aggregate } from '../testing/aggregate.ts'
import { NO_HEADERS } from '@weir/kafka'
import { readBatches } from '@weir/kafka/records/batch-reader.ts'
import { BatchWriter } from '@weir/kafka/records/batch-writer.ts'
import { expect, test } from 'vitest'
import { kafkaEvent, kafkaRecord, kinesisEvent, kinesisRecords } from './events.ts'

/** One partition's records with these values under the key "key". */
function batchOf(...values: Buffer[]) {
  const writer = new BatchWriter()
  const key = Buffer.from('key')
  for (const value of values) writer.append(key, 0, 3, value, 0, value.length, NO_HEADERS, 0, NO_HEADERS.length)
  const bytes = Buffer.from(writer.finish({ producerId: 1n, producerEpoch: 0, baseSequence: 0, transactional: false }, 0))
  return readBatches({ topic: 't', partition: 3, position: 0, bytes, aborted: [], endOffset: values.length })
}

const ORIGIN = {
  streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s', region: 'us-east-1', functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:f',
  shardId: 'shardId-000000000000', sequenceNumber: (offset: number) => `seq-${offset}`,
}

test('a Kinesis event has the shape of Lambda\'s', () => {
  const batch = batchOf(Buffer.from('hello'))
  expect(JSON.parse(kinesisEvent(kinesisRecords(batch, 0, ORIGIN)))).toEqual({
    Records: [{
      kinesis: { kinesisSchemaVersion: '1.0', partitionKey: 'key', sequenceNumber: 'seq-0', data: 'aGVsbG8=', approximateArrivalTimestamp: batch.timestamps[0] / 1000 },
      eventSource: 'aws:kinesis', eventVersion: '1.0', eventID: 'shardId-000000000000:seq-0', eventName: 'aws:kinesis:record',
      invokeIdentityArn: ORIGIN.functionArn, awsRegion: 'us-east-1', eventSourceARN: ORIGIN.streamArn,
    }],
  })
})

test('records that a producer library has packed together come one by one; a bad checksum makes an ordinary record', () => {
  const broken = aggregate([['a', Buffer.from('one')], ['b', Buffer.from('two')]])
  broken[broken.length - 1] ^= 1
  const batch = batchOf(aggregate([['a', Buffer.from('one')], ['b', Buffer.from('two')]]), broken)
  const shown = [0, 1].map((i) => kinesisRecords(batch, i, ORIGIN).map(({ json, identifier, key }) => [identifier, String(key), JSON.parse(json).kinesis.partitionKey, Buffer.from(JSON.parse(json).kinesis.data, 'base64').toString('latin1')]))
  expect(shown[0]).toEqual([['seq-0', 'a', 'a', 'one'], ['seq-0', 'b', 'b', 'two']])
  expect(shown[1]).toEqual([['seq-1', 'key', 'key', broken.toString('latin1')]])
})

test('a Kafka event has the shape of Lambda\'s', () => {
  const batch = batchOf(Buffer.from('hello'))
  expect(JSON.parse(kafkaEvent('t', 3, [kafkaRecord(batch, 0)], { eventSource: 'SelfManagedKafka', bootstrapServers: 'b:9092' }))).toEqual({
    eventSource: 'SelfManagedKafka', bootstrapServers: 'b:9092',
    records: { 't-3': [{ topic: 't', partition: 3, offset: 0, timestamp: batch.timestamps[0], timestampType: 'LOG_APPEND_TIME', key: 'a2V5', value: 'aGVsbG8=', headers: [] }] },
  })
})
