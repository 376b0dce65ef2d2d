import { describe, expect, test } from 'vitest'
import { InFlightLimit } from './in-flight.ts'

describe('the limit of requests in flight', () => {
  test('grows by one after as many successes as the limit, up to four', () => {
    const limit = new InFlightLimit()
    const values = Array.from({ length: 12 }, () => {
      limit.grow()
      return limit.value
    })
    expect(values.slice(0, 3)).toEqual([2, 2, 3])
    expect(values.at(-1)).toBe(4)
  })

  test('is halved when the destination asks for less, down to one', () => {
    const limit = new InFlightLimit(1, 4, 4)
    limit.shrink(10, 20)
    expect(limit.value).toBe(2)
    for (let now = 30; now < 100; now += 10) limit.shrink(now, now + 5)
    expect(limit.value).toBe(1)
  })

  test('is halved once for failures of requests that were sent before the last halving', () => {
    const limit = new InFlightLimit(1, 4, 4)
    for (const sentAt of [1, 2, 3, 4]) limit.shrink(sentAt, 20)
    expect(limit.value).toBe(2)
  })
})
