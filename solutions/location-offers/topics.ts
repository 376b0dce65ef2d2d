import type { TopicTable } from '@weir/contracts'

export const topics: TopicTable = {
  'location.offers': {
    value: new URL('contracts/offers.avsc', import.meta.url),
    key: 'userId',
    partitioner: 'murmur2',
    partitions: 2,
    retention: 'compact',
    doors: [],
    writers: ['enricher'],
    readers: ['enricher'],
    doc: 'The latest offers to each user, exactly once for read_committed readers.',
  },
}
