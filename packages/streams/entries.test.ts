import { expect, test } from 'vitest'
import { checks } from './entries.ts'
import { MAX_HASH_KEY } from './hash-range.ts'
import { beginResharding, finishResharding, mergeOf, placeChildren, splitOf, stepTowards } from './reshard.ts'
import { newStream, openShards, type Stream } from './stream.ts'

const NOW = 1_700_000_000_000
const made = (shards: number, changes: Partial<Stream> = {}): Stream => ({
  ...newStream(
    { name: 's', mode: 'PROVISIONED', shards, maxRecordKiB: 1024, tags: { team: 'a' }, external: false },
    NOW,
  ),
  ...changes,
})

/** Checks the state as it is read from the log. */
const check = (kind: keyof typeof checks, state: unknown, id = 's'): void =>
  checks[kind](JSON.parse(JSON.stringify(state)), id)

const finish = (stream: Stream): Stream =>
  finishResharding(
    stream,
    placeChildren(stream, NOW).map((child) => ({ ...child, from: 7 })),
    () => 7,
    NOW,
  )

test("every state of a stream's life is valid", () => {
  let stream = made(3)
  check('stream', stream)
  stream = beginResharding(
    { ...stream, status: 'ACTIVE' },
    splitOf(stream.shards[1], BigInt(stream.shards[1].start) + 10n),
    null,
  )
  check('stream', stream)
  stream = finish(stream)
  check('stream', stream)
  const [lower, upper] = openShards(stream)
  stream = finish(beginResharding(stream, mergeOf(lower, upper), null))
  check('stream', stream)
  stream = beginResharding(stream, stepTowards(openShards(stream), 8), 8)
  for (; stream.resharding !== null; stream = finish(stream)) check('stream', stream)
  check('stream', {
    ...stream,
    status: 'DELETING',
    policy: '{}',
    encryptionKey: 'alias/x',
    later: 'a later version has this',
  })
})

const shard = (changes: object) => ({ shards: [{ ...made(1).shards[0], ...changes }] })

test.each([
  ['the topic of another owner', { topic: 'taxi.enriched' }],
  ['a control topic', { topic: 'weir.control.functions' }],
  ['another name', { name: 't', topic: 'stream.t' }],
  ['no shards', { shards: [] }],
  ['a gap', { shards: made(3).shards.filter((_, i) => i !== 1) }],
  [
    'an overlap',
    { shards: [...made(1).shards, { ...made(1).shards[0], id: 'shardId-000000000001', partition: 1 }] },
  ],
  ['two open shards in one partition', { shards: made(2).shards.map((one) => ({ ...one, partition: 0 })) }],
  ['a hash key too large', shard({ end: String(MAX_HASH_KEY + 1n) })],
  ['a hash key that is not a number', shard({ start: '0x0' })],
  ['a negative partition', shard({ partition: -1 })],
  ['an offset that is not a number', shard({ from: '0' })],
  ['a time beyond the calendar', { createdAt: 9e15 }],
  ['a shard id of another form', shard({ id: '../../etc' })],
  [
    'a resharding of unknown shards',
    {
      resharding: {
        target: null,
        children: [{ start: '0', end: String(MAX_HASH_KEY), parents: ['shardId-000000000009'] }],
      },
    },
  ],
  [
    'a resharding that loses keys',
    { resharding: { target: null, children: [{ start: '0', end: '5', parents: ['shardId-000000000000'] }] } },
  ],
  ['an unknown status', { status: 'BROKEN' }],
  ['tags that are none', { tags: { a: 1 } }],
])('a stream with %s is refused', (_, changes) => {
  expect(() => check('stream', made(1, changes as Partial<Stream>))).toThrow()
})

test('consumers and heartbeats are checked', () => {
  const consumer = {
    stream: 's',
    streamCreatedAt: NOW,
    name: 'c',
    createdAt: NOW,
    status: 'ACTIVE',
    tags: {},
    policy: null,
  }
  check('consumer', consumer, 's/c')
  for (const [changes, id] of [
    [{}, 's/d'],
    [{ name: 'a/b' }, 's/a/b'],
    [{ createdAt: null }, 's/c'],
    [{ status: 1 }, 's/c'],
  ] as const) {
    expect(() => check('consumer', { ...consumer, ...changes }, id)).toThrow()
  }
  check('replica', { beat: 1, takes: true, drained: { s: NOW } }, 'host-1')
  for (const wrong of [
    null,
    5,
    { beat: 1 },
    { beat: 1, takes: true, drained: null },
    { beat: 1, takes: true, drained: { s: 'x' } },
  ]) {
    expect(() => check('replica', wrong, 'host-1')).toThrow()
  }
})
