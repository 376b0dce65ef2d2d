import { describe, expect, test } from 'vitest'
import { AWS_LIMITS, basicIngestOf, FilterTree, filterProblem, MQTT_LIMITS, topicProblem } from '../index.ts'

describe('a filter matches a topic', () => {
  // The examples of MQTT 5, section 4.7, and of the guide's pages on topics and on FROM.
  test.each([
    ['sport/tennis/player1/#', 'sport/tennis/player1', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/ranking', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
    ['sport/#', 'sport', true],
    ['#', 'a/b/c', true],
    ['sport/tennis/+', 'sport/tennis/player1', true],
    ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
    ['sport/+', 'sport', false],
    ['sport/+', 'sport/', true],
    ['+/tennis/#', 'a/tennis/b/c', true],
    ['+/+', '/finance', true],
    ['/+', '/finance', true],
    ['+', '/finance', false],
    ['ACCOUNTS', 'Accounts', false],
    ['#', '$SYS/monitor/Clients', false],
    ['+/monitor/Clients', '$SYS/monitor/Clients', false],
    ['$SYS/#', '$SYS/monitor/Clients', true],
    ['$SYS/monitor/+', '$SYS/monitor/Clients', true],
    ['topic/#', 'topic/subtopic-3/details', true],
    ['topic/#', 'topic-2/subtopic-x', false],
    ['sensor/+/room1', 'sensor/temperature/room1', true],
    ['sensor/+/room1', 'sensor/temperature/room2', false],
    ['a//b', 'a//b', true],
    ['a/+/b', 'a//b', true],
    ['a/+', 'a/+', true],
    ['a/#', 'a/#', true],
  ])('%s, %s: %s', (filter, topic, expected) => {
    const tree = new FilterTree<string>('mqtt')
    tree.add(filter, 'x')
    expect(tree.match(topic)).toEqual(expected ? ['x'] : [])
  })

  test('in the rules of AWS IoT, a/# does not match a', () => {
    const tree = new FilterTree<string>('aws')
    tree.add('sensor/#', 'x')
    expect(
      ['sensor', 'sensor/', 'sensor/temperature', 'sensor/temperature/room1'].map((topic) =>
        tree.match(topic),
      ),
    ).toEqual([[], ['x'], ['x'], ['x']])
  })
})

describe('a tree of filters', () => {
  test('gives each value once', () => {
    const tree = new FilterTree<string>('mqtt')
    for (const filter of ['#', 'a/+', 'a/b', '+/b', 'a/b']) tree.add(filter, 'x')
    tree.add('a/b', 'y')
    tree.add('b/b', 'z')
    expect(tree.match('a/b').sort()).toEqual(['x', 'y'])
    expect(tree.size).toBe(6)
  })

  test('forgets what is removed', () => {
    const tree = new FilterTree<string>('mqtt')
    tree.add('a/b/c', 'x')
    tree.add('a/b/c', 'y')
    tree.add('a/b', 'z')
    expect(tree.remove('a/b/c', 'x')).toBe(true)
    expect(tree.remove('a/b/c', 'x')).toBe(false)
    expect(tree.remove('a/x', 'y')).toBe(false)
    expect(tree.match('a/b/c')).toEqual(['y'])
    expect(tree.remove('a/b/c', 'y')).toBe(true)
    expect(tree.match('a/b')).toEqual(['z'])
    expect(tree.size).toBe(1)
  })

  test('agrees with a comparison level by level', () => {
    const names = ['a', 'b', '', '+']
    const filters = names.flatMap((x) => names.flatMap((y) => [`${x}/${y}`, `${x}/${y}/#`, `${x}/#`]))
    const tree = new FilterTree<string>('mqtt')
    for (const filter of new Set(filters)) tree.add(filter, filter)
    for (const topic of ['a', 'a/b', '/b', 'a/', 'b/a/x', 'c', 'c/a', 'a//x/y']) {
      const expected = [...new Set(filters)].filter((filter) => matches(filter.split('/'), topic.split('/')))
      expect(tree.match(topic).sort(), topic).toEqual(expected.sort())
    }
  })

  test('a topic of 65,535 bytes costs no more than the tree is deep', () => {
    const tree = new FilterTree<number>('mqtt')
    for (let i = 0; i < 1000; i++) tree.add(`a/+/${i}/#`, i)
    tree.add('#', -1)
    const topic = 'a/'.repeat(32_767)
    const start = process.cpuUsage()
    for (let i = 0; i < 2000; i++) expect(tree.match(topic)).toEqual([-1])
    expect(process.cpuUsage(start).user).toBeLessThan(1_000_000)
  })

  test('many wildcards visit each level once', () => {
    const tree = new FilterTree<number>('mqtt')
    for (let i = 0; i < 4096; i++) {
      const levels = Array.from({ length: 12 }, (_, bit) => ((i >> bit) & 1 ? '+' : 'a'))
      tree.add(levels.join('/'), i)
    }
    const start = process.cpuUsage()
    expect(tree.match(Array(12).fill('a').join('/'))).toHaveLength(4096)
    expect(process.cpuUsage(start).user).toBeLessThan(500_000)
  })

  test('refuses filters that are not valid', () => {
    const tree = new FilterTree<string>('mqtt')
    expect(() => tree.add('a/#/b', 'x')).toThrow(
      'The wildcard # must be the whole last level of a topic filter.',
    )
    expect(() => tree.add('a/'.repeat(128), 'x')).toThrow('A topic filter must have at most 128 levels.')
    expect(tree.size).toBe(0)
  })
})

describe('checks', () => {
  test.each([
    ['', 'A topic filter must have at least one character.'],
    ['a\0b', 'A topic filter must not contain U+0000 or halves of surrogate pairs.'],
    ['\ud800', 'A topic filter must not contain U+0000 or halves of surrogate pairs.'],
    ['a#', 'The wildcard # must be the whole last level of a topic filter.'],
    ['#/a', 'The wildcard # must be the whole last level of a topic filter.'],
    ['##', 'The wildcard # must be the whole last level of a topic filter.'],
    ['a+', 'The wildcard + must be a whole level of a topic filter.'],
    ['a/+b/c', 'The wildcard + must be a whole level of a topic filter.'],
    ['++', 'The wildcard + must be a whole level of a topic filter.'],
    ['é'.repeat(32_768), 'A topic filter must have at most 65535 bytes; this one has 65536.'],
    ['+/+/#', undefined],
    ['/', undefined],
  ])('the filter %j', (filter, expected) => {
    expect(filterProblem(filter, MQTT_LIMITS)).toBe(expected)
  })

  test('a topic has no wildcards', () => {
    expect(topicProblem('a/+', MQTT_LIMITS)).toBe(
      'A topic must not contain + or #; only topic filters have wildcards.',
    )
    expect(topicProblem('a/b', MQTT_LIMITS)).toBeUndefined()
  })

  test('AWS allows 256 bytes and seven slashes, after the prefix of Basic Ingest', () => {
    expect(topicProblem('a/b/c/d/e/f/g/h', AWS_LIMITS)).toBeUndefined()
    expect(topicProblem('a/b/c/d/e/f/g/h/i', AWS_LIMITS)).toBe('A topic must have at most 8 levels.')
    expect(topicProblem('x'.repeat(257), AWS_LIMITS)).toBe(
      'A topic must have at most 256 bytes; this one has 257.',
    )
    expect(topicProblem('$aws/rules/r/a/b/c/d/e/f/g/h', AWS_LIMITS)).toBeUndefined()
  })

  test('a topic of Basic Ingest names its rule', () => {
    expect(basicIngestOf('$aws/rules/r/a/b')).toEqual({ rule: 'r', topic: 'a/b' })
    expect(basicIngestOf('$aws/rules/r')).toEqual({ rule: 'r', topic: '' })
    expect(basicIngestOf('a/$aws/rules/r')).toBeUndefined()
  })
})

function matches(filter: readonly string[], topic: readonly string[]): boolean {
  if (filter[0] === '#') return true
  if (filter.length === 0 || topic.length === 0) return filter.length === topic.length
  return (filter[0] === '+' || filter[0] === topic[0]) && matches(filter.slice(1), topic.slice(1))
}
