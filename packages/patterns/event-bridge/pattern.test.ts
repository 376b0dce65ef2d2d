import { describe, expect, test } from 'vitest'
import { isTooComplex } from './complexity.ts'
import { compilePattern, matches } from './testing/matches.ts'

/** The event that the README of Event Ruler starts with. */
const EVENT = {
  version: '0',
  id: 'ddddd4-aaaa-7777-4444-345dd43cc333',
  'detail-type': 'EC2 Instance State-change Notification',
  source: 'aws.ec2',
  account: '012345679012',
  time: '2017-10-02T16:24:49Z',
  region: 'us-east-1',
  resources: ['arn:aws:ec2:us-east-1:123456789012:instance/i-000000aaaaaa00000'],
  detail: {
    'c-count': 5,
    'd-count': 3,
    'x-limit': 301.8,
    'source-ip': '10.0.0.33',
    'instance-id': 'i-000000aaaaaa00000',
    state: 'running',
  },
}

describe('an example of AWS’s documentation', () => {
  test.each([
    [
      {
        'detail-type': ['EC2 Instance State-change Notification'],
        resources: EVENT.resources,
        detail: { state: ['initializing', 'running'] },
      },
      true,
    ],
    [{ detail: { state: ['initializing'] } }, false],
    [{ time: [{ prefix: '2017-10-02' }] }, true],
    [{ source: [{ suffix: 'ec2' }] }, true],
    [{ source: [{ 'equals-ignore-case': 'AWS.EC2' }] }, true],
    [{ source: [{ prefix: { 'equals-ignore-case': 'AWS' } }] }, true],
    [{ source: [{ suffix: { 'equals-ignore-case': 'Ec2' } }] }, true],
    [{ source: [{ wildcard: 'aws.*' }] }, true],
    [{ detail: { state: [{ 'anything-but': 'initializing' }] } }, true],
    [{ detail: { 'x-limit': [{ 'anything-but': 123 }] } }, true],
    [{ detail: { state: [{ 'anything-but': ['stopped', 'overloaded'] }] } }, true],
    [{ detail: { state: [{ 'anything-but': { prefix: 'run' } }] } }, false],
    [
      {
        detail: {
          'c-count': [{ numeric: ['>', 0, '<=', 5] }],
          'd-count': [{ numeric: ['<', 10] }],
          'x-limit': [{ numeric: ['=', 3.018e2] }],
        },
      },
      true,
    ],
    [{ detail: { 'source-ip': [{ cidr: '10.0.0.0/24' }] } }, true],
    [{ detail: { 'c-count': [{ exists: true }] } }, true],
    [{ detail: { 'c-count': [{ exists: false }] } }, false],
    [{ detail: { 'e-count': [{ exists: false }] } }, true],
    [
      {
        time: [{ prefix: '2017-10-02' }],
        detail: {
          state: [{ 'anything-but': 'initializing' }],
          'c-count': [{ numeric: ['>', 0, '<=', 5] }],
          'd-count': [{ numeric: ['<', 10] }],
          'x-limit': [{ 'anything-but': [100, 200, 300] }],
          'source-ip': [{ cidr: '10.0.0.0/8' }],
        },
      },
      true,
    ],
    [{ source: ['aws.ec2'], $or: [{ region: ['eu-west-1'] }, { account: [{ prefix: '0123' }] }] }, true],
    [{ source: ['aws.s3'], $or: [{ region: ['us-east-1'] }, { account: [{ prefix: '0123' }] }] }, false],
  ])('%j matches: %s', (pattern, expected) => {
    expect(matches(pattern, EVENT)).toBe(expected)
  })
})

describe('an operator matches its values and no others', () => {
  test.each<[alternatives: unknown[], yes: unknown[], no: unknown[]]>([
    [
      ['a', 'b'],
      ['a', 'b', ['x', 'b'], [['b']]],
      ['A', '', 'ab', ['x'], [], null, undefined, { a: 1 }],
    ],
    [[''], ['', ['', 'x']], [' ', null]],
    [[null], [null, [1, null]], ['null', 0, false, undefined]],
    [[true], [true], ['true', 1, false]],
    [[false], [false], ['false', 0, null, undefined]],
    [[300], [300, 3.0e2, 300.0, [1, 300]], ['300', 301, 300.0000001]],
    [[-0.5, 1e300], [-0.5, 1e300], [0.5]],
    [[{ exactly: 'a' }], ['a'], ['b']],
    [[{ prefix: 'ab' }], ['ab', 'abc'], ['a', 'xab', 'AB', 5, null, undefined]],
    [[{ prefix: '' }], ['', 'x'], [1, null]],
    [
      [{ prefix: { 'equals-ignore-case': 'EventB' } }],
      ['eventbridge', 'EVENTB', 'eventB x'],
      ['event', 'xeventb', 1],
    ],
    [[{ suffix: '.png' }], ['a.png', '.png'], ['a.PNG', 'png', '.png ', 1]],
    [[{ suffix: { 'equals-ignore-case': 'tBridge' } }], ['eventbridge', 'TBRIDGE'], ['bridge', 'tbridges']],
    [[{ 'equals-ignore-case': 'alice' }], ['Alice', 'ALICE'], ['alicia', 1]],
    [[{ 'equals-ignore-case': 'ὈΔΥΣΣΕΎΣ' }], ['ὀδυσσεύς'], ['ὀδυσσεύ']],
    [
      [{ wildcard: 'dir/*.png' }],
      ['dir/a.png', 'dir/.png', 'dir/a/b.png'],
      ['dir.png', 'xdir/a.png', 'dir/a.png ', 'dir/png', 1],
    ],
    [[{ wildcard: '*' }], ['', 'x', '*'], [1, null]],
    [[{ wildcard: 'plain' }], ['plain'], ['plain ', 'plai']],
    [[{ wildcard: 'a*a' }], ['aa', 'aba'], ['a']],
    [[{ wildcard: '*aab*aab*' }], ['aaabaab', 'xaabyaabz', 'aaaabaaab'], ['aab', 'aabab', 'aabaa']],
    [[{ wildcard: 'a\\*b\\\\*' }], ['a*b\\', 'a*b\\c'], ['axb\\', 'a*b']],
    [[{ 'anything-but': 'a' }], ['b', 'A', 5, true, null, ['a', 'b']], ['a', ['a'], undefined, [], {}]],
    [[{ 'anything-but': 5 }], [6, '5', null, [5, 6]], [5, 5.0, undefined]],
    [[{ 'anything-but': [1, 2] }], [3, '1'], [1, 2]],
    [[{ 'anything-but': { prefix: 'init' } }], ['run', 'INIT', 5], ['init', 'initializing']],
    [[{ 'anything-but': { prefix: ['a', 'b'] } }], ['c'], ['ax', 'bx']],
    [[{ 'anything-but': { suffix: '.png' } }], ['a.jpg'], ['a.png']],
    [
      [{ 'anything-but': { 'equals-ignore-case': ['Initializing', 'stopped'] } }],
      ['running', 1],
      ['INITIALIZING', 'Stopped'],
    ],
    [[{ 'anything-but': { wildcard: ['*/lib/*', '*.o'] } }], ['/usr/bin/x'], ['/usr/lib/x', 'a.o']],
    [[{ numeric: ['=', 100] }], [100, 1e2], [99, '100', null, undefined]],
    [[{ numeric: ['>', 10, '<=', 20] }], [10.5, 20, [5, 15]], [10, 20.5, '15', [5, 25]]],
    [[{ numeric: ['>=', -5e9] }], [-5e9, 5e9], [-5e9 - 1]],
    [[{ numeric: ['<', 0] }], [-1e-9], [0, -0]],
    [[{ exists: true }], [1, 0, '', null, false, [1]], [undefined, {}, { a: 1 }, [], [{ a: 1 }]]],
    [[{ exists: false }], [undefined, {}, { a: 1 }, [], [{ a: 1 }]], [1, null, '', [1]]],
    [
      [{ exists: false }, 'a'],
      [undefined, 'a', ['a', 'b']],
      ['b', null],
    ],
    [
      [{ cidr: '10.0.0.0/24' }],
      ['10.0.0.0', '10.0.0.255', '10.0.0.01', '010.0.0.7', '::ffff:a00:7'],
      ['10.0.1.0', '10.0.0', '10.0.0.256', '::ffff:10.0.0.7', '0000000010.0.0.7', 'a', 1, '::a00:1'],
    ],
    [[{ cidr: '::ffff:a00:0/24' }], ['10.0.0.9'], ['10.0.1.0', '::a00:9']],
    [[{ cidr: '10.0.0.77/24' }], ['10.0.0.1'], ['10.0.1.1']],
    [[{ cidr: '0.0.0.0/0' }], ['255.255.255.255'], ['::1']],
    [[{ cidr: '10.1.2.3/31' }], ['10.1.2.2', '10.1.2.3'], ['10.1.2.4']],
    [
      [{ cidr: '2001:db8::/32' }],
      ['2001:db8::1', '2001:0DB8:ffff::', '2001:db8:1:2:3:4:5:6'],
      ['2001:db9::1', '10.0.0.1', '2001:db8::1%eth0', '1'.repeat(5000)],
    ],
    [
      ['10.0.0.1', '::1'],
      ['10.0.0.1', '0:0:0:0:0:0:0:1', '::ffff:a00:1'],
      ['10.0.0.2', '::2', '10.0.0.1 '],
    ],
  ])('%j', (alternatives, yes, no) => {
    for (const value of yes)
      expect(matches({ f: alternatives }, { f: value }), JSON.stringify(value)).toBe(true)
    for (const value of no)
      expect(matches({ f: alternatives }, { f: value }), JSON.stringify(value) ?? 'undefined').toBe(false)
  })
})

describe('a pattern on arrays', () => {
  const employees = [
    { firstName: 'John', lastName: 'Doe' },
    { firstName: 'Anna', lastName: 'Smith' },
    { firstName: 'Peter' },
  ]

  test.each<[pattern: unknown, expected: boolean]>([
    [{ employees: { firstName: ['Anna'] } }, true],
    [{ employees: { firstName: ['Anna'], lastName: ['Smith'] } }, true],
    [{ employees: { firstName: ['Anna'], lastName: ['Doe'] } }, false],
    [{ employees: { firstName: ['Peter'], lastName: [{ exists: false }] } }, true],
    [{ employees: { firstName: ['Anna'], lastName: [{ exists: false }] } }, false],
    [{ employees: { lastName: [{ exists: false }] } }, false],
    [{ employees: { age: [{ exists: false }] } }, true],
    [{ employees: { firstName: [{ exists: true }], age: [{ exists: false }] } }, true],
    [{ employees: [{ exists: false }] }, true],
    [
      {
        $or: [
          { employees: { firstName: ['Anna'], lastName: ['Doe'] } },
          { employees: { lastName: ['Doe'], firstName: [{ prefix: 'J' }] } },
        ],
      },
      true,
    ],
    [{ employees: { $or: [{ firstName: ['Anna'] }, { firstName: ['Eva'] }], lastName: ['Doe'] } }, false],
    [{ employees: { $or: [{ firstName: ['Anna'] }, { firstName: ['John'] }], lastName: ['Doe'] } }, true],
  ])('%j matches: %s', (pattern, expected) => {
    expect(matches(pattern, { employees })).toBe(expected)
    // Nested arrays count as one.
    expect(matches(pattern, { employees: [[employees[0]], [[employees[1]], employees[2]]] })).toBe(expected)
  })

  test('keeps the objects of inner arrays together with their outer object', () => {
    const orders = [
      {
        id: 1,
        lines: [
          { sku: 'a', n: 1 },
          { sku: 'b', n: 2 },
        ],
      },
      { id: 2, lines: [{ sku: 'a', n: 2 }] },
    ]
    expect(matches({ orders: { id: [1], lines: { sku: ['b'], n: [2] } } }, { orders })).toBe(true)
    expect(matches({ orders: { id: [1], lines: { sku: ['a'], n: [2] } } }, { orders })).toBe(false)
    expect(matches({ orders: { id: [2], lines: { sku: ['b'] } } }, { orders })).toBe(false)
    expect(matches({ orders: { lines: { sku: ['c'] } } }, { orders: [] })).toBe(false)
  })

  test('matches values and objects of the same array', () => {
    expect(matches({ a: { b: [1] } }, { a: [5, null, { b: 1 }] })).toBe(true)
    expect(matches({ a: [5] }, { a: [{ b: 1 }, 5] })).toBe(true)
  })
})

describe('a pattern with dots in names', () => {
  test.each<[pattern: unknown, event: unknown, expected: boolean]>([
    [{ 'a.b': ['x'] }, { a: { b: 'x' } }, true],
    [{ a: { b: ['x'] } }, { 'a.b': 'x' }, true],
    [{ 'a.b': { c: ['x'] } }, { a: { 'b.c': 'x' } }, true],
    [{ 'a.b': ['x'] }, { a: { b: { b: 'x' } } }, false],
    [{ a: { b: ['x'] } }, { 'a.b': { b: 'x' } }, false],
    [{ 'a.b': { b: ['x'] } }, { a: { b: 'x' } }, false],
    [{ 'a.': ['x'] }, { a: { '': 'x' } }, true],
    // A field can have a value under each spelling; one matching value is enough.
    [{ 'a.b': ['x'] }, { a: { b: 'y' }, 'a.b': 'x' }, true],
    [{ 'a.b': ['x'], a: { c: [1] } }, { a: { b: 'y', c: 1 }, 'a.b': 'x' }, true],
    [{ 'a.b': [{ exists: false }] }, { a: { c: 1 } }, true],
    [{ 'a.b': [{ exists: false }] }, { 'a.b': 1 }, false],
    // The last one in a pattern counts.
    [{ 'a.b': ['x'], a: { b: ['y'] } }, { a: { b: 'y' } }, true],
    [{ 'a.b': ['x'], a: { b: ['y'] } }, { a: { b: 'x' } }, false],
    // One object of an array must satisfy all conditions on it.
    [{ 'a.b': [1], 'a.c': [2] }, { a: [{ b: 1 }, { c: 2 }] }, false],
    [{ 'a.b': [1], 'a.c': [2] }, { a: [{ b: 1, c: 2 }] }, true],
    [{ 'a.b.c': [1], 'a.b.d': [2] }, { a: [{ 'b.c': 1 }, { b: { c: 1 }, 'b.d': 2 }] }, true],
    [{ 'a.b.c': [1], 'a.b.d': [2] }, { 'a.b': [{ c: 1 }], a: { b: [{ d: 2 }, { d: 3 }] } }, true],
    [{ 'a.b.c': [1], 'a.b.d': [2] }, { 'a.b': [{ c: 1 }, { d: 2 }], a: { b: [{ d: 3 }] } }, false],
  ])('%j matches %j: %s', (pattern, event, expected) => {
    expect(matches(pattern, event)).toBe(expected)
  })
})

describe('an $or', () => {
  test('nests, multiplies with its neighbours and replaces an earlier condition on its path', () => {
    const pattern = {
      source: ['cw'],
      $or: [
        { name: ['CPU'] },
        { type: ['T'], space: ['S'], $or: [{ metricId: [1234] }, { spaceId: [1000] }] },
        { scope: ['Service'] },
      ],
      detail: { $or: [{ a: [1] }, { b: [2] }] },
    }
    const test = compilePattern(JSON.stringify(pattern))
    expect(test({ source: 'cw', name: 'CPU', detail: { b: 2 } })).toBe(true)
    expect(test({ source: 'cw', type: 'T', space: 'S', spaceId: 1000, detail: { a: 1 } })).toBe(true)
    expect(test({ source: 'cw', type: 'T', space: 'S', detail: { a: 1 } })).toBe(false)
    expect(test({ source: 'cw', name: 'CPU', detail: {} })).toBe(false)
    expect(test({ name: 'CPU', detail: { a: 1 } })).toBe(false)
    expect(matches({ a: ['x'], $or: [{ a: ['y'] }, { b: [1] }] }, { a: 'y' })).toBe(true)
  })
})

describe('an $or that is not a list of objects is a field', () => {
  test.each<[pattern: unknown, event: unknown]>([
    [{ $or: { type: ['x'] } }, { $or: { type: 'x' } }],
    [{ $or: [{ cidr: '10.0.0.0/24' }] }, { $or: '10.0.0.1' }],
    [{ detail: { $or: [{ numeric: ['>', 0, '<=', 5] }, { cidr: '10.0.0.0/8' }] } }, { detail: { $or: 3 } }],
    [{ $or: ['a', 'b'] }, { $or: 'b' }],
  ])('%j', (pattern, event) => {
    expect(matches(pattern, event)).toBe(true)
    expect(matches(pattern, {})).toBe(false)
  })
})

describe('wildcards', () => {
  // Event Ruler counts the wildcard prefixes that one text matches; the limit is ten.
  test.each<[wildcards: string[], refused: boolean]>([
    [['*:*:*:*:*:event-bus/*'], true],
    [['arn:aws:events:us-east-1:*:event-bus/*'], false],
    [['/Users/*/dir/dir/dir/dir/dir/doc.txt'], false],
    [['*:stack/a/*', '*:stack/b/*', '*:stack/c/*'], false],
    [['*:stack/a/*', '*:stack/b/*', '*:stack/c/*', '*:stack/d/*'], true],
    [['*a*a*a*a*'], false],
    [['*a*a*a*a*a*'], true],
    // Escaped asterisks do not count, nor does a wildcard that is given twice.
    [['*\\*\\*\\*\\*\\*\\*'], false],
    [Array(20).fill('*ab*'), false],
    [Array.from({ length: 190 }, (_, i) => `*${i}*`), true],
    // They share a prefix, which is the quote.
    [Array.from({ length: 10 }, (_, i) => `${i}*z`), false],
    [Array.from({ length: 11 }, (_, i) => `${i}*z`), true],
    [[`*${'ab'.repeat(2000)}`], true],
    [[`*${Array.from({ length: 1300 }, (_, i) => String.fromCharCode(0x4e00 + i)).join('')}`], false],
  ])('such as %j are too complex for EventBridge: %s', (wildcards, refused) => {
    expect(isTooComplex(wildcards)).toBe(refused)
  })

  test.each([
    { wildcard: '*:*:*:*:*:event-bus/*' },
    { 'anything-but': { wildcard: ['*:*:*:*:*:event-bus/*'] } },
  ])('such as %j are refused', (alternative) => {
    expect(() => matches({ data: { bus: [alternative] } }, {})).toThrow(
      'data.bus: Rule is too complex - try using fewer wildcard characters or fewer ' +
        'repeating character sequences after a wildcard character',
    )
  })
})

test('the last of several fields with the same name counts', () => {
  const last = compilePattern(
    '{"source":["aws.s3"],"source":["aws.sns"],"detail":{"n":[1]},"detail":{"n":[2]}}',
  )
  expect(last({ source: 'aws.sns', detail: { n: 2 } })).toBe(true)
  expect(last({ source: 'aws.s3', detail: { n: 1 } })).toBe(false)
})

test.each([[null], [undefined], [5], ['text'], [[{ f: 1 }]], [() => 1]])(
  'an event that is not an object matches nothing: %s',
  (event) => {
    expect(matches({ f: [1] }, event)).toBe(false)
    expect(matches({ f: [{ exists: false }] }, event)).toBe(false)
  },
)
