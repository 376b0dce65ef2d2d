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

test('the metadata of a commit says the id, and that of other programs says nothing', () => {
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
    ['at an offset without an id, which gets it', { offset: 150 }, 'earliest', undefined, 150, true],
    ['without an offset, where it is told', {}, 'earliest', undefined, 100, true],
    ['without an offset, at the end', {}, 'latest', undefined, 200, true],
    ['at its offset after a failure', ours, 'latest', { topicId: NEW, loss: undefined }, 150, false],
  ])('%s', expectBeginning)

  test.each<Case>([
    ['since its commit', { offset: 150, topicId: OLD }, 'latest', undefined, 0, true],
    ['while it ran', {}, 'latest', recreated, 0, true],
    ['while it ran, whatever an offset without an id says', { offset: 150 }, 'earliest', recreated, 0, true],
    ['while it ran, where another member has begun already', ours, 'earliest', recreated, 150, false],
    ['since this member was opened', {}, 'latest', { topicId: OLD, loss: undefined }, 0, true],
  ])('in a recreated topic, %s', expectBeginning)

  test.each<Case>([
    ['its offset: with all that is left', { offset: 250, topicId: NEW }, 'latest', beyondEnd, 100, true],
    ['its position, and not its offset: there', ours, 'latest', beyondEnd, 150, false],
  ])('where the log ends before %s', expectBeginning)

  test('at its offset where the broker that was asked lags behind', async () => {
    const lagging = source({ offset: 150, topicId: NEW }, OLD)
    expect(await beginning(lagging, 'earliest', undefined)).toEqual({
      topicId: NEW,
      position: 150,
      commit: false,
    })
    expect(lagging.asked).toEqual(['all brokers'])
  })

  test('at its offset where topics have no ids', async () => {
    const begun = await beginning(source({ offset: 150 }, NONE), 'earliest', undefined)
    expect(begun).toEqual({ topicId: NONE, position: 150, commit: false })
  })
})

test('brokers are asked until they agree', async () => {
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
