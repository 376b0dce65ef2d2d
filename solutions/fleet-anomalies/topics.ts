import { DETECTOR_STATES, deadLetterTopic, FINDING, type TopicTable, WEEK_HOURS } from '@weir/contracts'

const PARTITIONS = 12

export const topics: TopicTable = {
  'fleet.readings': {
    value: new URL('contracts/reading.avsc', import.meta.url),
    key: 'truckId',
    partitions: PARTITIONS,
    retentionHours: WEEK_HOURS,
    doors: ['http', { mqtt: 'fleet/+/readings' }],
    writers: ['ingest-hub'],
    readers: ['alerter', 'enricher', 'indexer'],
    doc: 'What the sensors of the trucks measured, as the trucks sent it.',
  },
  'fleet.findings': {
    value: FINDING,
    key: 'device',
    partitions: PARTITIONS,
    retentionHours: WEEK_HOURS,
    doors: [],
    writers: ['alerter'],
    readers: ['enricher', 'indexer'],
    doc: 'Deviations of temperatures from what is normal, exactly once for read_committed readers.',
  },
  'fleet.detectors': {
    value: DETECTOR_STATES,
    key: null,
    partitions: PARTITIONS,
    retentionHours: 'compact',
    doors: [],
    writers: ['alerter'],
    readers: ['alerter'],
    doc: 'What the detectors remember of each truck.',
  },
  'fleet.readings.dead': deadLetterTopic('alerter'),
  'fleet.readings.unindexed': deadLetterTopic('indexer'),
  'fleet.findings.dead': deadLetterTopic('indexer'),
}
