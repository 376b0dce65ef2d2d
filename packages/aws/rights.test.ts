import { expect, test } from 'vitest'
import { mayWith } from './rights.ts'

const arn = (service: string, resource: string): string =>
  `arn:aws:${service}:us-east-1:000000000000:${resource}`

test.each([
  ['sensors/*', arn('iot', 'topic/sensors/1/temperature'), true],
  ['sensors', arn('iot', 'topic/sensors/1'), false],
  ['sensors/1', arn('iot', 'topic/sensors/1'), true],
  ['hot_*', arn('iot', 'rule/hot_trucks'), true],
  ['orders', arn('kinesis', 'stream/orders'), false],
])('the name %s of IoT covers %s: %s', (name, resource, expected) => {
  expect(mayWith({ iot: [name] }, ['*'])('iot:Any', resource)).toBe(expected)
})

test.each([
  ['sales/*', 'table/sales/orders', true],
  ['sales/orders', 'table/sales/orders', true],
  ['sales', 'table/sales/orders', false],
  ['sales', 'database/sales', true],
  ['weir/taxi.*', 'schema/weir/taxi.telemetry', true],
  ['weir', 'schema/weir/taxi.telemetry', false],
])('the name %s of Glue covers %s: %s', (name, resource, expected) => {
  expect(mayWith({ glue: [name] }, ['*'])('glue:Any', arn('glue', resource))).toBe(expected)
})
