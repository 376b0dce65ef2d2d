import { describe, expect, test } from 'vitest'
import { type Before, beginning, type Committed, metadataOf, topicIdIn, untilAgreed } from './topic-ids.ts'

const [OLD, NEW] = ['a', 'b'].map((digit) => digit.repeat(32))
const NONE = '0'.repeat(32)

/** A partition whose log reaches from 100 to 200. */
function source(committed: Partial<Committed>, known = NEW, agreed = NEW) {
  const asked: string[] = []
  return {
    asked,
    committed: async () => ({ offset: -1, topicId: undefined, ...committed }),
    knownId: async () => known,
    agreedId: async () => {
      asked.push('all brokers')
      return agreed
    },
    offset: async (place: 'earliest' | 'latest') => (place === 'earliest' ? 100 : 200),
  }
}

type Case = [
  what: string,
  Partial<Committed>,
  startAt: 'earliest' | 'latest',
  Before | undefined,
  position: number,
  commit: boolean,
]

async function expectBeginning(...[, committed, startAt, before, position, commit]: Case): Promise<void> {
  expect(await beginning(source(committed), startAt, before)).toEqual({ topicId: NEW, position, commit })
}

test("the topic id is read from the metadata of our commits, and other programs' metadata has none", () => {
  expect(topicIdIn(metadataOf(OLD))).toBe(OLD)
  expect(metadataOf(NONE)).toBeNull()
  const others = [null, '', 'consumer-1', `topic-id=${OLD}0`, 'topic-id=']
  expect(others.map(topicIdIn)).toEqual(others.map(() => undefined))
})

describe('a group begins', () => {
  const [recreated, beyondEnd]: Before[] = [
    { topicId: OLD, loss: 'recreated' },
    { topicId: NEW, loss: 'beyond-end' },
  ]
  const ours = { offset: 150, topicId: NEW }

  test.each<Case>([
    ['at its offset', ours, 'earliest', undefined, 150, false],
    [
      'at an offset without an id, and commits it with the id',
      { offset: 150 },
      'earliest',
      undefined,
      150,
      true,
    ],
    ['without an offset, at the earliest record', {}, 'earliest', undefined, 100, true],
    ['without an offset, at the latest record', {}, 'latest', undefined, 200, true],
    ['at its offset after a failure', ours, 'latest', { topicId: NEW, loss: undefined }, 150, false],
  ])('%s', expectBeginning)

  test.each<Case>([
    ['after its commit, at 0', { offset: 150, topicId: OLD }, 'latest', undefined, 0, true],
    ['while it ran, at 0', {}, 'latest', recreated, 0, true],
    [
      'while it ran, at 0 in spite of an offset without an id',
      { offset: 150 },
      'earliest',
      recreated,
      0,
      true,
    ],
    ['while it ran, at the offset of another member', ours, 'earliest', recreated, 150, false],
    ['after the member opened, at 0', {}, 'latest', { topicId: OLD, loss: undefined }, 0, true],
  ])('in a topic that was recreated %s', expectBeginning)

  test.each<Case>([
    ['its offset, at the earliest record', { offset: 250, topicId: NEW }, 'latest', beyondEnd, 100, true],
    ['its position but not before its offset, at the offset', ours, 'latest', beyondEnd, 150, false],
  ])('in a log that ends before %s', expectBeginning)

  test('at its offset if the broker that answered lags behind', async () => {
    const lagging = source({ offset: 150, topicId: NEW }, OLD)
    expect(await beginning(lagging, 'earliest', undefined)).toEqual({
      topicId: NEW,
      position: 150,
      commit: false,
    })
    expect(lagging.asked).toEqual(['all brokers'])
  })

  test('at its offset if topics have no ids', async () => {
    const begun = await beginning(source({ offset: 150 }, NONE), 'earliest', undefined)
    expect(begun).toEqual({ topicId: NONE, position: 150, commit: false })
  })
})

test('brokers are asked until they agree on the id', async () => {
  const answers = [[OLD, NEW], [], [NEW, NEW]]
  expect(
    await untilAgreed(
      't',
      async () => answers.shift()!,
      (id) => id,
    ),
  ).toBe(NEW)
  expect(answers).toEqual([])
})
