import type { TopicTable } from '@weir/contracts'

export const topics: TopicTable = {
  'location.offers': {
    value: new URL('contracts/offers.avsc', import.meta.url),
    key: 'userId',
    partitions: 2,
    retentionHours: 'compact',
    doors: [],
    writers: ['enricher'],
    readers: ['enricher'],
    doc: 'The latest offers to each user, exactly once for read_committed readers.',
  },
}
