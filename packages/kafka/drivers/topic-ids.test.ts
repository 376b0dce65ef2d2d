import { describe, expect, test } from 'vitest'
import { beginning, metadataOf, topicIdIn, untilAgreed, type Before, type Committed } from './topic-ids.ts'

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

test('the metadata of a commit says the id, and that of other programs says nothing', () => {
  expect(topicIdIn(metadataOf(OLD))).toBe(OLD)
  expect(metadataOf(NONE)).toBeNull()
  for (const other of [null, '', 'consumer-1', `topic-id=${OLD}0`, 'topic-id=']) expect(topicIdIn(other)).toBeUndefined()
})

describe('a group begins', () => {
  const cases: [what: string, committed: Partial<Committed>, startAt: 'earliest' | 'latest', before: Before | undefined, position: number, commit: boolean][] = [
    ['at its offset', { offset: 150, topicId: NEW }, 'earliest', undefined, 150, false],
    ['at an offset without an id, which gets it', { offset: 150 }, 'earliest', undefined, 150, true],
    ['without an offset, where it is told', {}, 'earliest', undefined, 100, true],
    ['without an offset, at the end', {}, 'latest', undefined, 200, true],
    ['in a topic made anew since its commit, with its first record', { offset: 150, topicId: OLD }, 'latest', undefined, 0, true],
    ['in a topic made anew while it ran, with its first record', {}, 'latest', { topicId: OLD, loss: 'made-anew' }, 0, true],
    ['in a topic made anew while it ran, whatever an offset without an id says', { offset: 150 }, 'earliest', { topicId: OLD, loss: 'made-anew' }, 0, true],
    ['where another member began in the topic that was made anew', { offset: 150, topicId: NEW }, 'earliest', { topicId: OLD, loss: 'made-anew' }, 150, false],
    ['at its offset after a failure', { offset: 150, topicId: NEW }, 'latest', { topicId: NEW, loss: undefined }, 150, false],
    ['with all that is left where the log ends before its offset', { offset: 250, topicId: NEW }, 'latest', { topicId: NEW, loss: 'beyond-end' }, 100, true],
    ['at its offset where only what was not committed is gone', { offset: 150, topicId: NEW }, 'latest', { topicId: NEW, loss: 'beyond-end' }, 150, false],
  ]
  test.each(cases)('%s', async (_what, committed, startAt, before, position, commit) => {
    expect(await beginning(source(committed), startAt, before)).toEqual({ topicId: NEW, position, commit })
  })

  test('at its offset where the broker that was asked lags behind', async () => {
    const lagging = source({ offset: 150, topicId: NEW }, OLD)
    expect(await beginning(lagging, 'earliest', undefined)).toEqual({ topicId: NEW, position: 150, commit: false })
    expect(lagging.asked).toEqual(['all brokers'])
  })

  test('at its offset where topics have no ids', async () => {
    expect(await beginning(source({ offset: 150 }, NONE), 'earliest', undefined)).toEqual({ topicId: NONE, position: 150, commit: false })
  })
})

test('brokers are asked until they agree', async () => {
  const answers = [[OLD, NEW], [], [NEW, NEW]]
  expect(await untilAgreed('t', async () => answers.shift()!, (id) => id)).toBe(NEW)
  expect(answers).toEqual([])
})
