import { type DeliveryStream, MAX_DELIVERY_STREAMS } from '@weir/deliveries'
import { expect, test } from 'vitest'
import { requireNew } from './streams.ts'

const account = { accountId: '000000000000' }
const stream = {} as DeliveryStream
const all = new Map(
  Array.from({ length: MAX_DELIVERY_STREAMS }, (_, i): [string, DeliveryStream] => [`orders.${i}`, stream]),
)

test('there are at most 5,000 delivery streams', () => {
  expect(() => requireNew(all, account, 'one-more')).toThrow(
    expect.objectContaining({ code: 'LimitExceededException' }),
  )
  const fewer = new Map([...all].slice(1))
  requireNew(fewer, account, 'one-more')
  for (const [name, code] of [
    ['orders.7', 'ResourceInUseException'],
    ['orders_7', 'InvalidArgumentException'],
  ])
    expect(() => requireNew(fewer, account, name)).toThrow(expect.objectContaining({ code }))
})
