import { deadLetterTopic, type TopicTable, WEEK_HOURS } from '@weir/contracts'

export const topics: TopicTable = {
  'example-thing.received': {
    value: new URL('contracts/received.avsc', import.meta.url),
    key: 'sensorId',
    partitions: 6,
    retentionHours: WEEK_HOURS,
    doors: ['http'],
    writers: ['ingest-hub'],
    readers: ['enricher'],
    doc: 'Readings as the sensors sent them.',
  },
  'example-thing.checked': {
    value: new URL('contracts/checked.avsc', import.meta.url),
    key: 'sensorId',
    partitions: 6,
    retentionHours: WEEK_HOURS,
    doors: [],
    writers: ['enricher'],
    readers: ['indexer'],
    doc: 'Readings that passed the checks, exactly once for read_committed readers.',
  },
  'example-thing.received.dead': deadLetterTopic('enricher'),
  'example-thing.checked.dead': deadLetterTopic('indexer'),
}
