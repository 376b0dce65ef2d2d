/** Rules and messages that try to take all the time or all the memory. */
import { describe, expect, test } from 'vitest'
import { type Message, parseRule, parseTemplate, type Rule, SqlError } from './index.ts'
import { CONTEXT, message } from './testing/run.ts'

/** No evaluation measured on one core took longer than 240 ms. */
const MAX_CPU_MS = 1000
const MAX_CHARACTERS = 65_000

function cpuMs(work: () => void): number {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

describe('SQL of the greatest length is parsed or refused in a moment', () => {
  test.each([
    ['parentheses', '('],
    ['array literals', '['],
    ['negations', 'NOT '],
    ['minus signs', '- '],
    ['operators', 'a+'],
    ['names after dots', 'a.'],
    ['columns', 'a,'],
    ['strings', "'a' "],
    ['nested SELECTs', '(SELECT '],
    ['CASE in CASE', 'CASE a WHEN '],
    ['EXISTS in EXISTS', 'EXISTS (SELECT '],
    ['digits', '9'],
    ['line breaks', '\n'],
    ['regular expressions', "regexp_matches(a,'((a{10}){10}){10}'),"],
  ])('%s', (_, part) => {
    const sql = `SELECT ${part.repeat(MAX_CHARACTERS / part.length)}`
    expect(cpuMs(() => expect(() => parseRule(sql, '2016-03-23')).toThrow(SqlError))).toBeLessThan(MAX_CPU_MS)
  })

  test('longer SQL and longer templates are refused', () => {
    const long = ' '.repeat(65_537)
    expect(() => parseRule(long, '2016-03-23')).toThrow('The SQL has more than 65536 characters')
    expect(() => parseTemplate(long, '2016-03-23')).toThrow('The template has more than 65536 characters')
  })
})

function whyNot(rule: Rule, from: Message): string | undefined {
  const result = rule.evaluate(from, CONTEXT)
  return result.matched ? undefined : result.why
}

const list = (element: string, count: number): string => `{"a":[${Array(count).fill(element).join()}]}`
const eachOf = (expression: string): string => `SELECT (SELECT VALUE ${expression} FROM a AS x) AS r FROM 't'`
const DOUBLED =
  "SET @b = @, @c = @b+@b, @d = @c+@c, @e = @d+@d, @f = @e+@e, @g = @f+@f, @h = @g+@g SELECT VALUE @h FROM 't'"

describe('an evaluation that takes too long is stopped', () => {
  test.each<[name: string, sql: string, payload: string]>([
    [
      'all combinations of elements',
      "SELECT (SELECT (SELECT (SELECT VALUE x FROM y AS x) FROM y) FROM a AS y) AS r FROM 't'",
      `{"a":[[${Array(60_000).fill(1).join()}]]}`,
    ],
    ['all pairs of elements', `SET @a = a ${eachOf('(SELECT VALUE x = y FROM @a AS y)')}`, list('1', 60_000)],
    ['searches in a long array', `SET @a = a ${eachOf('2 IN @a')}`, list('1', 60_000)],
    ['a text that doubles', DOUBLED.replace('@,', 'a+a,'), `{"a":"${'a'.repeat(120_000)}"}`],
    [
      'an array that multiplies',
      `SET @b = [${Array(40).fill('a').join()}], @c = [${Array(40).fill('@b').join()}], @d = [${Array(40).fill('@c').join()}]
        SELECT VALUE @d FROM 't'`,
      list('"a"', 1000),
    ],
    [
      'arrays that are joined',
      `SELECT concat(${Array(900).fill('a').join()}) AS x FROM 't'`,
      list('1', 60_000),
    ],
    [
      'objects that are enriched',
      `SET @a = a ${eachOf("transform('enrichArray', x, @a)")}`,
      list('{}', 40_000),
    ],
    [
      'columns that are copied',
      `SELECT ${'*,'.repeat(30_000)} 1 AS x FROM 't'`,
      `{${Array.from({ length: 9000 }, (_, i) => `"k${i}":1`).join()}}`,
    ],
    [
      'a slow regular expression',
      "SELECT regexp_matches(a, '[a-z]{500}[0-9]') AS r FROM 't'",
      `{"a":"${'a'.repeat(100_000)}"}`,
    ],
    [
      'many matches',
      "SELECT regexp_replace(a, 'a.*b|a', 'c') AS r FROM 't'",
      `{"a":"${'a'.repeat(100_000)}"}`,
    ],
    [
      'regular expressions of the payload',
      eachOf("regexp_matches('a', x)"),
      list('"((a{10}){10}){10}"', 5000),
    ],
    ['decimals with large exponents', eachOf('x > 1E-999'), list('1e900', 20_000)],
    ['times', eachOf("parse_time('z zzzz', x, 'America/New_York')"), list('1', 60_000)],
    [
      'time zones',
      eachOf("parse_time('z', 1, x)"),
      `{"a":${JSON.stringify(Intl.supportedValuesOf('timeZone'))}}`,
    ],
    ['long hashes', eachOf('md2(x) + md2(x)'), list(`"${'a'.repeat(90)}"`, 1400)],
    [
      'long paths',
      eachOf(
        `[${Array(60)
          .fill(`x${'.b'.repeat(490)}`)
          .join()}]`,
      ),
      list('1', 60_000),
    ],
    ['long CASE', eachOf(`CASE x ${'WHEN 2 THEN 1 '.repeat(4000)} END`), list('1', 60_000)],
  ])('%s', (_, sql, payload) => {
    const rule = parseRule(sql, '2016-03-23')
    const from = message(payload)
    const ms = cpuMs(() => expect(whyNot(rule, from)).toBe('too-much-work'))
    expect(ms).toBeLessThan(MAX_CPU_MS)
  })

  test('which is explained', () => {
    const rule = parseRule(DOUBLED.replace('@,', 'a+a,'), '2016-03-23')
    const from = message(`{"a":"${'a'.repeat(120_000)}"}`)
    expect(rule.explain(from, CONTEXT)).toBe('The rule takes too long for this message.')
  })

  test('a template is stopped, too', () => {
    const template = parseTemplate('${concat(a, a, a, a)}'.repeat(100), '2016-03-23')
    expect(template.render(message({ a: 'x'.repeat(100_000) }), CONTEXT)).toBeUndefined()
  })

  test('a condition that is stopped is explained', () => {
    const sql =
      "SELECT * FROM 't' WHERE EXISTS (SELECT * FROM a AS x WHERE EXISTS (SELECT * FROM b AS y WHERE y = x))"
    expect(parseRule(sql, '2016-03-23').explain(message({ a: [1] }), CONTEXT)).toMatch(
      /^The condition is false\./,
    )
  })
})

describe('an ordinary evaluation of a large payload is not stopped', () => {
  test.each([
    [
      'a filter of an array',
      "SELECT (SELECT VALUE x * 2 FROM a AS x WHERE x > 0) AS r FROM 't'",
      list('1', 60_000),
    ],
    ['decimals', eachOf('x * 1.8 + 32'), list('21.5', 20_000)],
    ['texts', eachOf("upper(x) + '!'"), list('"text"', 15_000)],
    [
      'a regular expression',
      "SELECT regexp_replace(a, '[0-9]+', '#') AS r FROM 't'",
      `{"a":"${'text 1 '.repeat(40)}"}`,
    ],
  ])('%s', (_, sql, payload) => {
    expect(parseRule(sql, '2016-03-23').evaluate(message(payload), CONTEXT).matched).toBe(true)
  })
})

test.each([
  ['arrays', '['.repeat(60_000) + ']'.repeat(60_000)],
  ['objects', `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`],
  ['129 levels', '['.repeat(129) + ']'.repeat(129)],
])('JSON that nests too deeply is not read: %s', (_, payload) => {
  expect(parseRule("SELECT a FROM 't'", '2016-03-23').evaluate(message(payload), CONTEXT)).toEqual({
    matched: false,
    why: 'not-json',
  })
})

test('a payload above 128 KB is passed on and not read', () => {
  const from = message(list('1', 70_000))
  expect(parseRule("SELECT a FROM 't'", '2016-03-23').evaluate(from, CONTEXT).matched).toBe(false)
  expect(parseRule("SELECT * FROM 't'", '2016-03-23').evaluate(from, CONTEXT)).toEqual({
    matched: true,
    payload: from.payload,
  })
})
