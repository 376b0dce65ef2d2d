import { describe, expect, test } from 'vitest'
import { TooMuchWork } from '../errors.ts'
import { matchesPlan, Planner } from '../plan.ts'
import { Work } from '../work.ts'
import { isTooComplex } from './complexity.ts'
import { MAX_BRANCHES, MAX_CONDITIONS, MAX_PATTERN_LENGTH, parsePattern } from './pattern.ts'

function compilePattern(text: string): (event: unknown) => boolean {
  const planner = new Planner()
  const plans = parsePattern(text).map((branch) => planner.plan(branch.values()))
  return (event) => {
    const work = new Work(plans.length > 1)
    return plans.some((one) => matchesPlan(one, event, work))
  }
}
const matches = (pattern: unknown, event: unknown): boolean => compilePattern(JSON.stringify(pattern))(event)

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

describe('the examples of AWS’s documentation', () => {
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
  ])('%j: %s', (pattern, expected) => {
    expect(matches(pattern, EVENT)).toBe(expected)
  })
})

describe('each operator on one value', () => {
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

describe('arrays', () => {
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
  ])('%j: %s', (pattern, expected) => {
    expect(matches(pattern, { employees })).toBe(expected)
    // Nested arrays count as one.
    expect(matches(pattern, { employees: [[employees[0]], [[employees[1]], employees[2]]] })).toBe(expected)
  })

  test('an object of an outer array keeps the objects of its inner arrays together', () => {
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

  test('an array may hold values and objects', () => {
    expect(matches({ a: { b: [1] } }, { a: [5, null, { b: 1 }] })).toBe(true)
    expect(matches({ a: [5] }, { a: [{ b: 1 }, 5] })).toBe(true)
  })
})

describe('names with dots', () => {
  test.each<[pattern: unknown, event: unknown, expected: boolean]>([
    [{ 'a.b': ['x'] }, { a: { b: 'x' } }, true],
    [{ a: { b: ['x'] } }, { 'a.b': 'x' }, true],
    [{ 'a.b': { c: ['x'] } }, { a: { 'b.c': 'x' } }, true],
    [{ 'a.b': ['x'] }, { a: { b: { b: 'x' } } }, false],
    [{ a: { b: ['x'] } }, { 'a.b': { b: 'x' } }, false],
    [{ 'a.b': { b: ['x'] } }, { a: { b: 'x' } }, false],
    [{ 'a.': ['x'] }, { a: { '': 'x' } }, true],
    // A field can have a value under each name; one that matches is enough.
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
  ])('%j of %j: %s', (pattern, event, expected) => {
    expect(matches(pattern, event)).toBe(expected)
  })
})

describe('$or', () => {
  test('nests, multiplies with its neighbours and replaces a path given before it', () => {
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

describe('$or that is no list of objects is a field', () => {
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

describe('wildcards that EventBridge finds too complex', () => {
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
    // They share the prefix that is the quote.
    [Array.from({ length: 10 }, (_, i) => `${i}*z`), false],
    [Array.from({ length: 11 }, (_, i) => `${i}*z`), true],
    [[`*${'ab'.repeat(2000)}`], true],
    [[`*${Array.from({ length: 1300 }, (_, i) => String.fromCharCode(0x4e00 + i)).join('')}`], false],
  ])('%j: %s', (wildcards, refused) => {
    expect(isTooComplex(wildcards)).toBe(refused)
  })

  test.each([
    { wildcard: '*:*:*:*:*:event-bus/*' },
    { 'anything-but': { wildcard: ['*:*:*:*:*:event-bus/*'] } },
  ])('%j is refused', (alternative) => {
    expect(() => matches({ data: { bus: [alternative] } }, {})).toThrow(
      'data.bus: Rule is too complex - try using fewer wildcard characters or fewer ' +
        'repeating character sequences after a wildcard character',
    )
  })
})

test('the last of equal names counts', () => {
  const last = compilePattern(
    '{"source":["aws.s3"],"source":["aws.sns"],"detail":{"n":[1]},"detail":{"n":[2]}}',
  )
  expect(last({ source: 'aws.sns', detail: { n: 2 } })).toBe(true)
  expect(last({ source: 'aws.s3', detail: { n: 1 } })).toBe(false)
})

test.each([[null], [undefined], [5], ['text'], [[{ f: 1 }]], [() => 1]])(
  'an event that is no object matches nothing: %s',
  (event) => {
    expect(matches({ f: [1] }, event)).toBe(false)
    expect(matches({ f: [{ exists: false }] }, event)).toBe(false)
  },
)

describe('what is refused says where, and what to do', () => {
  test.each<[text: string, message: string]>([
    ['', 'The pattern is not JSON'],
    ['{', 'The pattern is not JSON'],
    ['[]', 'The pattern is not an object'],
    ['"a"', 'The pattern is not an object'],
    ['null', 'The pattern is not an object'],
    ['{}', 'The pattern is an empty object'],
    ['{"a":{}}', 'a is an empty object'],
    ['{"a":"b"}', 'a is neither'],
    ['{"a":{"b":1}}', 'a.b is neither an array nor an object; put the value into an array.'],
    ['{"a":[]}', 'a is an empty array'],
    ['{"a":[[1]]}', 'a[0] is an array inside'],
    ['{"a":["x",{}]}', 'a[1] has 0 operators'],
    ['{"a":[{"prefix":"x","suffix":"y"}]}', 'a[0] has 2 operators'],
    ['{"a":[{"regex":"x"}]}', 'a[0].regex is not an operator'],
    ['{"a":[{"__proto__":"x"}]}', 'a[0].__proto__ is not an operator'],
    ['{"a":[{"prefix":1}]}', 'a[0].prefix must be a string'],
    ['{"a":[{"prefix":{"suffix":"x"}}]}', 'a[0].prefix.suffix is not allowed here'],
    ['{"a":[{"suffix":null}]}', 'a[0].suffix must be a string'],
    ['{"a":[{"equals-ignore-case":["x"]}]}', 'must be a string'],
    ['{"a":[{"wildcard":"a**b"}]}', 'a[0].wildcard has two * in a row'],
    ['{"a":[{"wildcard":"a\\\\b"}]}', 'a[0].wildcard has a backslash'],
    ['{"a":[{"wildcard":"a\\\\"}]}', 'has a backslash'],
    ['{"a":[{"anything-but":null}]}', 'only strings or only numbers'],
    ['{"a":[{"anything-but":[1,"x"]}]}', 'only strings or only numbers'],
    ['{"a":[{"anything-but":[]}]}', 'empty array'],
    ['{"a":[{"anything-but":{"cidr":"x"}}]}', 'a[0].anything-but.cidr is not allowed here'],
    ['{"a":[{"anything-but":{"constructor":"x"}}]}', 'is not allowed here'],
    ['{"a":[{"anything-but":{"prefix":""}}]}', 'is empty'],
    ['{"a":[{"anything-but":{"wildcard":["a","**"]}}]}', 'a[0].anything-but.wildcard[1] has two *'],
    ['{"a":[{"anything-but":{"prefix":[]}}]}', 'empty array'],
    ['{"a":[{"exists":"yes"}]}', 'a[0].exists must be true or false'],
    ['{"a":[{"numeric":5}]}', 'must be an array such as'],
    ['{"a":[{"numeric":["=","5"]}]}', 'a[0].numeric[1] must be a number'],
    ['{"a":[{"numeric":["=",1e999]}]}', 'must be a number'],
    ['{"a":[{"numeric":["!",5]}]}', 'a[0].numeric[0] must be one of'],
    ['{"a":[{"numeric":["toString",5]}]}', 'must be one of'],
    ['{"a":[{"numeric":["<",5,">",1]}]}', 'lower bound'],
    ['{"a":[{"numeric":[">",5,"<",5]}]}', 'no number'],
    ['{"a":[{"numeric":["="]}]}', 'has 1 members'],
    ['{"a":[{"cidr":"10.0.0.0"}]}', 'a[0].cidr is not a block'],
    ['{"a":[{"cidr":"10.0.0.0/33"}]}', 'is not a block'],
    ['{"a":[{"cidr":"10.0.0.0/-1"}]}', 'is not a block'],
    ['{"a":[{"cidr":"2001:db8::/129"}]}', 'is not a block'],
    ['{"a":[{"cidr":"host/8"}]}', 'is not a block'],
    ['{"a":[{"cidr":"10.0.0.1/32"}]}', 'mask bits must be < 32'],
    ['{"a":[{"cidr":"2001:db8::/128"}]}', 'mask bits must be < 128'],
    ['{"a":[{"cidr":"::ffff:10.0.0.0/8"}]}', 'is not a block'],
    ['{"a":[{"cidr":"::ffff:a00:0/96"}]}', 'is not a block'],
    ['{"a":[{"cidr":7}]}', 'a[0].cidr must be a string'],
    ['{"$or":[{"a":[1]}]}', '$or must be an array of at least two'],
    ['{"b":{"$or":{"a":1}}}', 'b.$or must be'],
    ['{"$or":[{"a":[1]},5]}', '$or must be'],
    ['{"$or":[{"a":[1]},{"prefix":["x"]}]}', 'prefix is the name of an operator'],
    ['{"$or":[{"a":[1]},{}]}', 'empty object'],
    [`{"a":["${'x'.repeat(MAX_PATTERN_LENGTH)}"]}`, 'at most 4096'],
    [`${'{"a":'.repeat(70)}[1]${'}'.repeat(70)}`, 'objects deep'],
    [`{"${'a.'.repeat(70)}":[1]}`, 'objects deep'],
  ])('%s', (text, message) => {
    expect(() => compilePattern(text)).toThrow(
      expect.objectContaining({ name: 'PatternError', message: expect.stringContaining(message) }),
    )
  })

  test('a product of many $or is refused before it is made', () => {
    const one = { $or: [{ a: [1] }, { b: [1] }, { c: [1] }, { d: [1] }] }
    const product = (n: number): string =>
      JSON.stringify(Object.fromEntries(Array.from({ length: n }, (_, i) => [`f${i}`, one])))
    expect(() => compilePattern(product(4))).not.toThrow()
    expect(() => compilePattern(product(60))).toThrow(`more than ${MAX_BRANCHES} combinations`)
  })

  test('many fields in each combination are refused before they are made', () => {
    const either = (): object[] => Array.from({ length: 30 }, (_, i) => ({ [`a${i}`]: [1] }))
    const fields = (count: number): object =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, [1]]))
    const pattern = (count: number): string =>
      JSON.stringify({ $or: either(), x: { $or: either() }, ...fields(count) })
    const startedAt = performance.now()
    expect(() => compilePattern(pattern(5))).not.toThrow()
    expect(() => compilePattern(pattern(300))).toThrow(`more than ${MAX_CONDITIONS} conditions`)
    expect(performance.now() - startedAt).toBeLessThan(1000)
  })
})

describe('hostile inputs', () => {
  /** Steps that matching takes. */
  function stepsOf(pattern: unknown, event: unknown): number {
    const branches = parsePattern(JSON.stringify(pattern))
    const planner = new Planner()
    const work = new Work(branches.length > 1)
    for (const branch of branches) matchesPlan(planner.plan(branch.values()), event, work)
    return work.steps
  }
  const MB = 1 << 20
  const long = 'a'.repeat(2 * MB)

  test('a wildcard takes one pass over a long text', () => {
    expect(stepsOf({ f: [{ wildcard: `*${'a'.repeat(8)}b*` }] }, { f: long })).toBeLessThan(1.1 * long.length)
  })

  test('a field of wildcards takes few passes, since more of them are refused', () => {
    const three = Array.from({ length: 3 }, (_, i) => `*a${i}*`)
    expect(stepsOf({ f: three.map((wildcard) => ({ wildcard })) }, { f: long })).toBeLessThan(
      3.2 * long.length,
    )
    expect([isTooComplex(three), isTooComplex([...three, '*b*'])]).toEqual([false, true])
  })

  test('other operators read no more of a text than they compare', () => {
    const operators = Array.from({ length: 30 }, (_, i) => [
      { 'equals-ignore-case': `w${i}` },
      { prefix: { 'equals-ignore-case': `w${i}` } },
      { suffix: { 'equals-ignore-case': `w${i}` } },
    ]).flat()
    expect(stepsOf({ f: operators }, { f: long })).toBeLessThan(long.length)
  })

  test('what alternatives of $or have in common is done once', () => {
    const one = { f: [{ wildcard: '*aab*' }] }
    const pattern = { f: one.f, $or: Array.from({ length: 100 }, (_, i) => ({ [`k${i}`]: ['no'] })) }
    expect(stepsOf(pattern, { f: long })).toBeLessThan(2 * stepsOf(one, { f: long }))
  })

  test.each<[what: string, pattern: unknown, event: () => unknown]>([
    [
      'conditions that all hold, over many objects',
      {
        f: {
          ...Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`x${i}`, [{ exists: false }]])),
          z: ['no'],
        },
      },
      () => ({ f: Array.from({ length: 100_000 }, () => ({})) }),
    ],
    [
      'alternatives over many values',
      { f: Array.from({ length: 100 }, (_, i) => ({ prefix: `w${i}` })) },
      () => ({ f: Array.from({ length: 100_000 }, (_, i) => `v${i}`) }),
    ],
    [
      'objects of several arrays, joined by names with dots',
      { 'f.b.c': [1], 'f.b.d': [2] },
      () => ({
        'f.b': Array.from({ length: 5000 }, () => ({ c: 1 })),
        f: { b: Array.from({ length: 5000 }, () => ({ d: 1 })) },
      }),
    ],
  ])('%s: given up when it is too much', (_, pattern, event) => {
    expect(() => stepsOf(pattern, event())).toThrow(TooMuchWork)
  })

  test('names of Object.prototype are fields like others', () => {
    expect(compilePattern('{"__proto__":{"x":[1]}}')(JSON.parse('{"__proto__":{"x":1}}'))).toBe(true)
    expect(compilePattern('{"toString":[{"exists":true}]}')({})).toBe(false)
    expect(compilePattern('{"constructor":{"name":["Object"]}}')({})).toBe(false)
    expect(compilePattern('{"__proto__":{"toString":[{"exists":false}]}}')({})).toBe(true)
  })

  test('an event may nest arrays and objects without end', () => {
    const deep: unknown = JSON.parse(`{"f":${'['.repeat(200_000)}{"a":1},7${']'.repeat(200_000)}}`)
    expect(matches({ f: [7] }, deep)).toBe(true)
    expect(matches({ f: { a: [1] } }, deep)).toBe(true)
    expect(
      matches({ f: { a: { a: [1] } } }, JSON.parse(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`)),
    ).toBe(false)
  })

  test('a thousand combinations over a large array stay cheap', () => {
    const five = { $or: Array.from({ length: 9 }, (_, i) => ({ [`k${i}`]: ['no'] })) }
    const list = Array.from({ length: 1000 }, (_, i) => ({ k0: i }))
    const event = { a: list, b: list, c: list }
    expect(stepsOf({ a: five, b: five, c: five }, event)).toBeLessThan(50 * stepsOf({ a: five }, event))
  })
})
