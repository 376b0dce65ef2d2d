import { flow as steps } from '@weir/flow'
import { expect, test } from 'vitest'
import { markHigh, refuseAhead } from './flow.ts'

const NOW = Date.parse('2026-11-29T12:00:00Z')
const reading = { sensorId: 'sensor-1', value: 20.5, eventTime: NOW }

test('readings are marked as high by their value', async () => {
  const { values } = await steps<typeof reading>()
    .step(markHigh)
    .run([reading, { ...reading, value: 31 }], null)
  expect(values.map(({ isHigh }) => isHigh)).toEqual([false, true])
})

test('a reading from the future is a dead letter', async () => {
  const { values, dead } = await steps<typeof reading>()
    .step(refuseAhead(() => NOW))
    .run([reading, { ...reading, eventTime: NOW + 3_600_000 }], null)
  expect(values).toEqual([reading])
  expect(dead).toMatchObject([{ index: 1, step: 'refuse-ahead', cause: { code: 'invalid' } }])
})
