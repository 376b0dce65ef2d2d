import { expect, test } from 'vitest'
import type { Cluster } from '../cluster.ts'
import { describeProducers } from '../protocol/markers.ts'
import { produceV12 } from '../protocol/produce.ts'
import { endTxnV5, initProducerId, txnOffsetCommitV5 } from '../protocol/transactions.ts'
import type { TopicPartition } from '../protocol/wire.ts'
import type { OutputPartition } from '../transaction-output.ts'
import { Transactor } from './transactor.ts'

const NAMES = new Map<unknown, string>([
  [produceV12, 'write'],
  [txnOffsetCommitV5, 'offsets'],
  [endTxnV5, 'end'],
])
const signal = new AbortController().signal
const ID = 7n
const EPOCH = 4

/** A broker that accepts everything. Notes the requests. */
class Accepting {
  readonly calls: string[] = []
  /** The epoch of the transaction that the next look finds wherever it looks. */
  open: number | undefined
  readonly config = { compression: 'none' }
  readonly log = { debug: () => {} }

  topic = async () => ({ partitions: new Array(50).fill({}) })
  mayNotSee = () => false
  coordinator = async () => 'broker'
  leader = () => 'broker'
  versions = async () => ({ features: new Map([['transaction.version', 2]]) })

  async call(_broker: unknown, _lane: string, api: unknown, ...request: unknown[]): Promise<unknown> {
    if (api === describeProducers) return this.#look(request[0] as TopicPartition[])
    const held = request[2] as { producerEpoch: number } | undefined
    this.calls.push(api === initProducerId ? `init ${held?.producerEpoch ?? 'anew'}` : NAMES.get(api)!)
    if (api === produceV12) return [{ topic: 'out', partition: 3, errorCode: 0 }]
    return api === txnOffsetCommitV5 ? [] : { errorCode: 0, producerId: ID, producerEpoch: EPOCH }
  }

  #look(partitions: readonly TopicPartition[]): unknown {
    this.calls.push(`look at ${partitions.map(({ topic, partition }) => `${topic}/${partition}`).join()}`)
    const producers = this.open === undefined ? [] : [{ producerId: ID, producerEpoch: this.open }]
    this.open = undefined
    return partitions.map((at) => ({ ...at, errorCode: 0, producers }))
  }
}

const output = [
  { topic: 'out', partition: 3, writers: [{ count: 1, finish: () => Buffer.alloc(0) }] },
] as unknown as OutputPartition[]
const group = { groupId: 'g', committer: () => ({}) as never, offsets: [] }
/** The offsets of the group g are in partition "g".hashCode() % 50. */
const OFFSETS = '__consumer_offsets/3'

test('a transaction writes only where no earlier one of its id is open', async () => {
  const cluster = new Accepting()
  const { calls } = cluster
  const transactor = new Transactor(cluster as unknown as Cluster, 'g/in/0', 'lane')
  await transactor.begin(signal)
  cluster.open = EPOCH - 1
  await transactor.commit(output, group, signal)
  const looks = ['look at out/3', `look at ${OFFSETS}`]
  const written = ['write', 'offsets', 'end']
  expect(calls.splice(0)).toEqual(['init anew', ...looks, `init ${EPOCH}`, ...looks, ...written])
  // Nothing can be open there any more, until a broker may have died.
  await transactor.commit(output, group, signal)
  expect(calls.splice(0)).toEqual(written)
  transactor.doubt()
  await transactor.commit(output, undefined, signal)
  expect(calls.splice(0)).toEqual(['look at out/3', 'write', 'end'])
  await transactor.begin(signal)
  await transactor.commit(output, group, signal)
  expect(calls).toEqual(['init anew', ...looks, ...written])
})

test('a holder that finds a transaction of a later one does not take over its id', async () => {
  const cluster = new Accepting()
  const transactor = new Transactor(cluster as unknown as Cluster, 'writer', 'lane')
  await transactor.begin(signal)
  cluster.open = EPOCH + 1
  await expect(transactor.commit(output, undefined, signal)).rejects.toMatchObject({ code: 'fenced' })
  expect(cluster.calls).toEqual(['init anew', 'look at out/3'])
})
