import { describe, expect, test } from 'vitest'
import { matchesBody } from './testing/matches.ts'

/** A policy, and bodies that it accepts and refuses. */
type Case = readonly [policy: unknown, accepted: readonly unknown[], refused: readonly unknown[]]

const check = (policy: unknown, accepted: readonly unknown[], refused: readonly unknown[]): void => {
  expect(accepted.map((body) => matchesBody(policy, body))).toEqual(accepted.map(() => true))
  expect(refused.map((body) => matchesBody(policy, body))).toEqual(refused.map(() => false))
}

describe('fields of a body match as SNS documents', () => {
  test.each<Case>([
    [{ x: ['rugby', 'tennis'] }, [{ x: 'rugby' }, { x: 'tennis', y: 1 }], [{ x: 'baseball' }, {}]],
    [
      { x: [{ 'anything-but': ['rugby', 'tennis'] }] },
      [{ x: 'baseball' }, { x: ['rugby', 'baseball'] }, { x: 1 }],
      [{ x: 'rugby' }, { x: ['rugby'] }, { y: 'baseball' }],
    ],
    [
      { x: [{ 'anything-but': { prefix: 'order-' } }] },
      [{ x: 'data-entry' }, { x: 'order_number' }],
      [{ x: 'order-cancelled' }],
    ],
    [{ x: [{ wildcard: '*_event' }] }, [{ x: 'click_event' }], [{ x: 'click_events' }]],
    [{ x: [{ 'anything-but': { wildcard: 'test-*' } }] }, [{ x: 'prod-us' }], [{ x: 'test-staging' }, {}]],
    [{ x: [{ 'equals-ignore-case': 'tennis' }] }, [{ x: 'TENNIS' }, { x: 'Tennis' }], [{ x: 'tenis' }]],
    [{ x: [{ cidr: '10.0.0.0/24' }] }, [{ x: '10.0.0.0' }, { x: '10.0.0.255' }], [{ x: '10.1.1.0' }]],
    [{ x: [{ prefix: 'bas' }] }, [{ x: 'baseball' }, { x: 'basketball' }], [{ x: 'rugby' }]],
    [{ x: [{ suffix: 'ball' }] }, [{ x: 'baseball' }, { x: 'basketball' }], [{ x: 'rugby' }]],
    [{ x: [{ numeric: ['=', 301.5] }] }, [{ x: 301.5 }, JSON.parse('{"x":3.015e2}')], [{ x: '301.5' }]],
    [{ x: [{ 'anything-but': [100, 500] }] }, [{ x: 101 }, { x: 100.1 }, { x: [100, 50] }], [{ x: 100 }]],
    [{ x: [{ numeric: ['<', 0] }] }, [{ x: -1 }], [{ x: 0 }]],
    [{ x: [{ numeric: ['>', 0, '<=', 150] }] }, [{ x: 150 }], [{ x: 0 }, { x: 151 }]],
    [{ x: [100.123456789, 500] }, [{ x: 100.1234567 }, { x: [500, 1] }], [{ x: '500' }]],
    [{ x: [true, null] }, [{ x: true }, { x: null }], [{ x: 'true' }, { x: false }, {}]],
    [{ x: [{ exists: true }] }, [{ x: 'fans' }, { x: 0 }, { x: false }], [{ y: 1 }, { x: null }, { x: '' }]],
    [{ x: [{ exists: true }] }, [{ x: [1] }], [{ x: [] }, { x: { y: 1 } }]],
    [{ x: [{ exists: false }] }, [{ y: 1 }, { x: [] }], [{ x: 'fans' }, { x: null }]],
    [{ x: [''] }, [{ x: '', resources: [], none: null }], [{ x: 'a' }, { x: null }]],
  ])('%j', check)
})

test('bodies that are no JSON objects match nothing but the empty policy', () => {
  check({ x: [{ exists: false }] }, [], [[], [{ y: 1 }], 'text', 1, null, true, undefined])
  check({}, [{}, { store: 'another_corp' }], [])
})

describe('nested fields', () => {
  test('all must match', () => {
    check(
      {
        object: { key: [{ prefix: 'auto-' }, 'hardcodedvalue'], nested_key: [{ exists: false }] },
        test: [{ exists: false }],
      },
      [{ object: { key: 'auto-test' } }, { object: { key: 'hardcodedvalue' } }],
      [
        { object: { key: 'test-auto' } },
        { object: { key: 'auto-test' }, test: 'just-exists' },
        { object: { key: 'auto-test', nested_key: 'just-exists' } },
        { object: { test: 'auto-test' } },
        { test: 'auto-test' },
      ],
    )
  })

  test('dots in names of the policy and of the body stand for nested objects', () => {
    check(
      { 'object.nested.test': ['string.value'] },
      [
        { object: { nested: { test: 'string.value' } } },
        { 'object.nested.test': 'string.value' },
        { 'object.nested': { test: 'string.value' } },
        { object: { 'nested.test': 'string.value' } },
      ],
      [{ object: { nested: { test: 'string.notvalue' } } }, { object: { nested: 'string.value' } }],
    )
    check(
      { detail: { 'payload.nested.another-level.deep': { 'inside-list': [{ prefix: 'q-test' }] } } },
      [
        {
          detail: { payload: { nested: { 'another-level': { deep: { 'inside-list': ['a', 'q-test1'] } } } } },
        },
      ],
      [{ detail: { payload: { nested: { 'another-level': { deep: { 'inside-list': ['a'] } } } } } }],
    )
  })

  test('one value of an array is enough', () => {
    check(
      { headers: { 'route-to': ['queue1'] } },
      [{ headers: { 'route-to': ['queue1'] } }, { headers: { 'route-to': ['queue1', 'queue2'] } }],
      [{ headers: { 'route-to': ['queue3'] } }, { headers: { 'route-to': ['queue2'] } }],
    )
  })
})

test('one object of an array must match as a whole', () => {
  const policy = {
    Records: { s3: { object: { key: [{ prefix: 'auto-' }] } }, eventName: [{ prefix: 'ObjectCreated:' }] },
  }
  const record = (eventName: string, object: unknown) => ({
    eventName,
    s3: { bucket: { name: 'b' }, object },
  })
  const auto = { key: 'auto-insurance-2314.xml', size: 17 }
  const home = { key: 'home-insurance-2314.xml', size: 17 }
  check(
    policy,
    [
      { Records: [record('ObjectCreated:Put', auto)] },
      { Records: [record('ObjectCreated:Put', [[auto]]), record('ObjectRemoved:Delete', home)] },
    ],
    [
      { Records: [record('ObjectRemoved:Delete', auto)] },
      { Records: [record('ObjectCreated:Put', home)] },
      { Records: [record('ObjectRemoved:Delete', auto), record('ObjectCreated:Put', home)] },
      { Records: [] },
    ],
  )
})

test('$or holds beside and inside of other fields', () => {
  const policy = {
    $or: [{ metricName: ['CPUUtilization', 'ReadLatency'] }, { namespace: ['AWS/EC2', 'AWS/ES'] }],
    detail: {
      scope: ['Service'],
      $or: [{ source: ['aws.cloudwatch'] }, { type: ['CloudWatch Alarm State Change'] }],
    },
  }
  const source = { scope: 'Service', source: 'aws.cloudwatch' }
  const type = { scope: 'Service', type: 'CloudWatch Alarm State Change' }
  check(
    policy,
    [
      { metricName: 'CPUUtilization', detail: source },
      { metricName: 'ReadLatency', detail: source },
      { namespace: 'AWS/EC2', detail: source },
      { namespace: 'AWS/ES', detail: source },
      { metricName: 'CPUUtilization', detail: type },
    ],
    [
      { metricName: 'CPUUtilization', detail: { ...type, scope: 'aws.cloudwatch' } },
      { metricName: 'CPUUtilization', detail: { ...type, type: 'CPUUtilization' } },
      { metricName: 'CPUUtilization', detail: { type: type.type } },
      { metricName: 'CPUUtilization', detail: { scope: 'Service' } },
      { metricName: 'CPUUtilization', scope: 'Service' },
      { metricName: 'AWS/EC2', detail: type },
      { namespace: 'CPUUtilization', detail: type },
    ],
  )
})

test('addresses of both families match by their networks', () => {
  const policy = {
    detail: {
      $or: [
        { sourceIPAddress: [{ cidr: '10.0.0.0/24' }] },
        { sourceIPAddressV6: [{ cidr: '2001:db8:1234:1a00::/64' }] },
      ],
    },
  }
  check(
    policy,
    [
      { detail: { sourceIPAddress: '10.0.0.255' } },
      { detail: { sourceIPAddressV6: '2001:0db8:1234:1a00:0000:0000:0000:0000' } },
    ],
    [
      { detail: { sourceIPAddress: '10.0.0.256' } },
      { detail: { sourceIPAddressV6: '2001:0db8:123f:1a01:0000:0000:0000:0000' } },
    ],
  )
})
