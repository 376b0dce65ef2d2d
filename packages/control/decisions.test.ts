import { KafkaError } from '@weir/kafka'
import { expect, test } from 'vitest'
import type { Change } from './control-log.ts'
import { Decisions } from './decisions.ts'

const LOST = new KafkaError('timeout', 'The end of the transaction')

/**
 * Decisions over a log in memory. `answers` says how the next transactions end: stored, lost before or after they
 * were stored; later ones are stored.
 */
function open(...answers: ('stored' | 'lost before' | 'lost after')[]) {
  const transactions: Change[][] = []
  const marks = new Set<string>()
  const decisions = new Decisions({
    async transact(work) {
      await new Promise(setImmediate)
      const appended: Change[] = []
      let mark: string | undefined
      work({
        has: (one) => marks.has(one),
        entry(change) {
          if (change.value === 'refused') throw new Error('The entry is refused.')
          return { bytes: String(change.value).length, append: () => appended.push(change) }
        },
        append: (one) => (mark = one),
      })
      const answer = answers.shift() ?? 'stored'
      if (answer === 'lost before') throw LOST
      if (appended.length > 0) transactions.push(appended)
      if (mark !== undefined) marks.add(mark)
      if (answer === 'lost after') throw LOST
    },
    settle: async () => {},
  })
  const put = (id: string, value: unknown = id) =>
    decisions.make(() => [{ kind: 'k', id, value }], { reads: ['all'], changes: [id] })
  return { decisions, transactions, put, sizes: () => transactions.map(({ length }) => length) }
}

test('decisions that come while a transaction is under way share the next one', async () => {
  const { put, sizes } = open()
  await Promise.all(Array.from({ length: 100 }, (_, i) => put(String(i))))
  expect(sizes()).toEqual([1, 99])
  await put('later')
  expect(sizes()).toEqual([1, 99, 1])
})

test('what a decision or its entry throws is its own, and appends nothing', async () => {
  const { decisions, put, transactions } = open()
  const results = await Promise.allSettled([
    put('first'),
    put('a'),
    put('b', 'refused'),
    decisions.make(
      () => {
        throw new Error('no')
      },
      { changes: ['c'] },
    ),
    put('d'),
  ])
  expect(results.map((one) => (one.status === 'rejected' ? one.reason.message : 'made'))).toEqual([
    'made',
    'made',
    'The entry is refused.',
    'no',
    'made',
  ])
  expect(transactions.flat().map(({ id }) => id)).toEqual(['first', 'a', 'd'])
})

test.each([
  ['lost before', 2],
  ['lost after', 1],
] as const)('a group whose answer is %s is stored once', async (answer, runs) => {
  const { decisions, put, sizes } = open('stored', answer)
  let ran = 0
  const counted = () => {
    ran++
    return [{ kind: 'k', id: 'x', value: 1 }]
  }
  await Promise.all([put('first'), put('a'), decisions.make(counted, { changes: ['x'] })])
  expect(sizes()).toEqual([1, 2])
  expect(ran).toBe(runs)
})

test('an error that a retry cannot fix is that of the whole group, and the next group is made', async () => {
  const { decisions, put } = open()
  const refused = new KafkaError('not-authorized', 'Writing to the log')
  const fails = new Decisions({ transact: () => Promise.reject(refused), settle: async () => {} })
  await expect(fails.make(() => [], undefined)).rejects.toBe(refused)
  await expect(fails.make(() => [], undefined)).rejects.toBe(refused)
  await decisions.make(() => [], undefined)
  await put('a')
})

test('changes that are large together are spread over transactions, in their order', async () => {
  const { put, transactions, sizes } = open()
  await Promise.all(Array.from({ length: 9 }, (_, i) => put(`n${i}`, 'x'.repeat(400_000))))
  expect(sizes()).toEqual([1, 3, 3, 2])
  expect(transactions.flat().map(({ id }) => id)).toEqual(Array.from({ length: 9 }, (_, i) => `n${i}`))
})
