import { deadLetterTopic, type TopicTable, WEEK_HOURS } from '@weir/contracts'

const telemetry = new URL('contracts/telemetry.avsc', import.meta.url)

export const topics: TopicTable = {
  'taxi.telemetry': {
    value: telemetry,
    key: 'deviceId',
    partitions: 12,
    retentionHours: WEEK_HOURS,
    doors: ['http', { mqtt: 'taxis/+/telemetry' }],
    writers: ['ingest-hub'],
    readers: ['enricher'],
    doc: 'Reports of the taxis as the devices sent them.',
  },
  'taxi.telemetry.late': {
    value: telemetry,
    key: 'deviceId',
    partitions: 3,
    retentionHours: WEEK_HOURS,
    doors: [],
    writers: ['enricher'],
    readers: [],
    doc: 'Reports that came too late for the live picture, kept unchanged.',
  },
  'taxi.enriched': {
    value: new URL('contracts/enriched.avsc', import.meta.url),
    key: 'deviceId',
    partitions: 12,
    retentionHours: WEEK_HOURS,
    doors: [],
    writers: ['enricher'],
    readers: ['indexer'],
    doc: 'Reports with zone and state, exactly once for read_committed readers.',
  },
  'taxi.telemetry.dead': deadLetterTopic('enricher'),
  'taxi.enriched.dead': deadLetterTopic('indexer'),
}
