import { describe, expect, test } from 'vitest'
import { InFlightLimit } from './in-flight.ts'

describe('requests in flight', () => {
  test('one more after as many successes as are allowed at once, four at most', () => {
    const limit = new InFlightLimit()
    const values = Array.from({ length: 12 }, () => {
      limit.grow()
      return limit.value
    })
    expect(values.slice(0, 3)).toEqual([2, 2, 3])
    expect(values.at(-1)).toBe(4)
  })

  test('half as many when the destination asks for less, one at least', () => {
    const limit = new InFlightLimit(1, 4, 4)
    limit.shrink(10, 20)
    expect(limit.value).toBe(2)
    for (let now = 30; now < 100; now += 10) limit.shrink(now, now + 5)
    expect(limit.value).toBe(1)
  })

  test('requests that were under way together count as one complaint', () => {
    const limit = new InFlightLimit(1, 4, 4)
    for (const sentAt of [1, 2, 3, 4]) limit.shrink(sentAt, 20)
    expect(limit.value).toBe(2)
  })
})
