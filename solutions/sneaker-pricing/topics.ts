import { deadLetterTopic, erasuresTopic, type Topic, type TopicTable, WEEK_HOURS } from '@weir/contracts'

const PARTITIONS = 12
const contract = (name: string): URL => new URL(`contracts/${name}.avsc`, import.meta.url)

type Parts = Pick<Topic, 'writers' | 'readers' | 'doc'> & Partial<Topic>

/** A topic of records about products. */
const ofProducts = (name: string, parts: Parts): Topic => ({
  value: contract(name),
  key: 'productId',
  partitions: PARTITIONS,
  retentionHours: WEEK_HOURS,
  doors: [],
  ...parts,
})

export const topics: TopicTable = {
  'sneaker.clicks': ofProducts('click', {
    doors: ['http'],
    writers: ['ingest-hub'],
    readers: ['enricher'],
    doc: 'Shoppers looked at products.',
  }),
  'sneaker.purchases': ofProducts('purchase', {
    doors: ['http'],
    writers: ['ingest-hub'],
    readers: ['enricher'],
    doc: 'Shoppers bought products.',
  }),
  'sneaker.market': ofProducts('market', {
    doors: ['http'],
    writers: ['ingest-hub'],
    readers: ['enricher', 'pricing'],
    doc: 'Stock, and prices of the competitor.',
  }),
  'sneaker.catalogue': ofProducts('product', {
    retentionHours: 'compact',
    writers: ['pricing'],
    readers: ['enricher'],
    doc: 'The products with their prices: the rows of the table sneaker-catalogue.',
  }),
  'sneaker.activity': ofProducts('activity', {
    writers: ['enricher'],
    readers: ['enricher'],
    doc: 'Clicks and purchases with what the catalogue says about their products.',
  }),
  'sneaker.activity.late': ofProducts('activity', {
    writers: ['enricher'],
    readers: [],
    doc: 'Clicks and purchases that came too late for their window.',
  }),
  'sneaker.windows': ofProducts('window', {
    writers: ['enricher'],
    readers: ['enricher'],
    doc: 'Clicks and sales of each product by windows.',
  }),
  'sneaker.windows.open': {
    ...ofProducts('windows-open', {
      retentionHours: 'compact',
      writers: ['enricher'],
      readers: ['enricher'],
      doc: 'The windows that are not complete.',
    }),
    key: null,
  },
  'sneaker.windows.erasures': erasuresTopic(
    'enricher',
    PARTITIONS,
    'Products whose open windows are to be forgotten.',
  ),
  'sneaker.demand': ofProducts('demand', {
    writers: ['enricher'],
    readers: ['enricher', 'pricing'],
    doc: 'The demand for each product at the end of a window: the last hour, and what is usual.',
  }),
  'sneaker.demand.so-far': {
    ...ofProducts('demand-so-far', {
      retentionHours: 'compact',
      writers: ['enricher'],
      readers: ['enricher'],
      doc: 'The windows of the last hour, and what is usual.',
    }),
    key: null,
  },
  'sneaker.demand.erasures': erasuresTopic(
    'enricher',
    PARTITIONS,
    'Products whose demand is to be forgotten.',
  ),
  'sneaker.decisions': ofProducts('decision', {
    writers: ['enricher'],
    readers: ['enricher', 'pricing'],
    doc: 'Decisions about prices with their reasons, also those to keep one; exactly once for read_committed readers.',
  }),
  'sneaker.edits': ofProducts('edit', {
    writers: ['enricher'],
    readers: ['pricing'],
    doc: 'Prices that people set.',
  }),
  'sneaker.clicks.dead': deadLetterTopic('enricher'),
  'sneaker.purchases.dead': deadLetterTopic('enricher'),
  'sneaker.activity.dead': deadLetterTopic('enricher'),
  'sneaker.windows.dead': deadLetterTopic('enricher'),
  'sneaker.demand.dead': deadLetterTopic('pricing'),
  'sneaker.market.dead': deadLetterTopic('pricing'),
  'sneaker.decisions.dead': deadLetterTopic('pricing'),
  'sneaker.edits.dead': deadLetterTopic('pricing'),
}
