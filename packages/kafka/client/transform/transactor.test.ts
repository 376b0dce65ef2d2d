import { expect, test } from 'vitest'
import type { Cluster } from '../cluster.ts'
import { produceV12 } from '../protocol/produce.ts'
import { endTxnV5, initProducerId, txnOffsetCommitV5 } from '../protocol/transactions.ts'
import type { TopicPartition } from '../protocol/wire.ts'
import type { OutputPartition } from '../transaction-output.ts'
import { Transactor } from './transactor.ts'

const NAMES = new Map<unknown, string>([
  [initProducerId, 'init'],
  [produceV12, 'write'],
  [txnOffsetCommitV5, 'offsets'],
  [endTxnV5, 'end'],
])
const signal = new AbortController().signal

/** A broker that accepts everything. Notes the requests. */
function clusterOf(calls: string[]): Cluster {
  return {
    config: { compression: 'none' },
    topic: async () => ({ partitions: new Array(50).fill({}) }),
    mayNotSee: () => false,
    coordinator: async () => 'broker',
    leader: () => 'broker',
    versions: async () => ({ features: new Map([['transaction.version', 2]]) }),
    log: { debug: () => {} },
    async call(_broker: unknown, _lane: string, api: unknown) {
      calls.push(NAMES.get(api)!)
      if (api === produceV12) return [{ topic: 'out', partition: 3, errorCode: 0 }]
      return api === txnOffsetCommitV5 ? [] : { errorCode: 0, producerId: 7n, producerEpoch: 1 }
    },
  } as unknown as Cluster
}

/** Finds an open transaction wherever it looks for the first time. */
class Looking extends Transactor {
  readonly calls: string[]
  #isFirst = true

  constructor(calls: string[]) {
    super(clusterOf(calls), 'g/in/0', 'lane')
    this.calls = calls
  }

  override async open(partitions: readonly TopicPartition[]): Promise<readonly TopicPartition[]> {
    this.calls.push(`look at ${partitions.map(({ topic, partition }) => `${topic}/${partition}`).join()}`)
    const found = this.#isFirst ? partitions : []
    this.#isFirst = false
    return found
  }

  override async endLost(): Promise<void> {
    this.calls.push('end the lost one')
  }
}

const output = [
  { topic: 'out', partition: 3, writers: [{ count: 1, finish: () => Buffer.alloc(0) }] },
] as unknown as OutputPartition[]
const group = { groupId: 'g', committer: () => ({}) as never, offsets: [] }
/** The offsets of the group g are in partition "g".hashCode() % 50. */
const OFFSETS = '__consumer_offsets/3'

test('a transaction writes only where no earlier one of its id is open', async () => {
  const transactor = new Looking([])
  const { calls } = transactor
  await transactor.begin(signal)
  await transactor.commit(output, group, signal)
  const written = ['write', 'offsets', 'end']
  expect(calls.splice(0)).toEqual(['init', `look at out/3,${OFFSETS}`, 'end the lost one', ...written])
  // Nothing can be open there any more, until a broker may have died.
  await transactor.commit(output, group, signal)
  expect(calls.splice(0)).toEqual(written)
  transactor.doubt()
  await transactor.commit(output, undefined, signal)
  expect(calls.splice(0)).toEqual(['look at out/3', 'write', 'end'])
  await transactor.begin(signal)
  await transactor.commit(output, group, signal)
  expect(calls).toEqual(['init', `look at out/3,${OFFSETS}`, ...written])
})
