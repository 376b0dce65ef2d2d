import { describe, expect, test } from 'vitest'
import { Message, parseRule, parseTemplate, toBytes } from './index.ts'
import { CONTEXT, message, run } from './testing/run.ts'

describe('a rule explains why it has no result', () => {
  test.each([
    [
      "SELECT * FROM 'a' WHERE temperature > 50",
      { temperature: 40 },
      'The condition is false. temperature > 50 is false: temperature is 40.',
    ],
    [
      "SELECT * FROM 'a' WHERE temperature > 50 AND color = 'red'",
      { temperature: 60, color: 'blue' },
      `The condition is false. color = 'red' is false: color is "blue".`,
    ],
    [
      "SELECT * FROM 'a' WHERE temperature > 50 AND color = 'red'",
      { temperature: 40 },
      'The condition is false. temperature > 50 is false: temperature is 40.',
    ],
    [
      "SELECT * FROM 'a' WHERE temperature > 50 AND color = 'red'",
      { temperature: 60 },
      `The condition is neither true nor false. color = 'red' is Undefined: color is Undefined.`,
    ],
    [
      "SELECT * FROM 'a' WHERE length(name) > 3 OR a.b = 1",
      { name: 'abc', a: { b: 2 } },
      'The condition is false. length(name) > 3 OR a.b = 1 is false: length(name) is 3, a.b is 2.',
    ],
    [
      "SELECT * FROM 'a' WHERE active",
      { active: 1 },
      'The condition is neither true nor false. active is 1.',
    ],
    [
      "SELECT * FROM 'a' WHERE text = 'x'",
      { text: 'y'.repeat(100) },
      `The condition is false. text = 'x' is false: text is "${'y'.repeat(38)}….`,
    ],
  ])('%s', (sql, payload, expected) => {
    expect(parseRule(sql, '2016-03-23').explain(message(payload), CONTEXT)).toBe(expected)
  })

  test('the payload is no JSON', () => {
    const where = parseRule("SELECT * FROM 'a' WHERE x > 1", '2016-03-23')
    expect(where.explain(message('{"x":'), CONTEXT)).toBe(
      'The condition is neither true nor false. x > 1 is Undefined: x is Undefined. ' +
        'The payload is no JSON object or array, so it has no fields.',
    )
    const select = parseRule("SELECT x FROM 'a'", '2016-03-23')
    expect(select.explain(message('nonsense'), CONTEXT)).toBe(
      'The payload is no JSON object or array, so it has no fields for SELECT.',
    )
  })

  test('nothing if the rule matches', () => {
    expect(parseRule("SELECT * FROM 'a'", '2016-03-23').explain(message({}), CONTEXT)).toBeUndefined()
  })
})

describe('the payload', () => {
  test('JSON is an object or an array; other payloads are bytes', () => {
    expect(run("SELECT * FROM 'a'", message('[1, 2]'))).toBe('[1,2]')
    expect(run("SELECT * FROM 'a'", message('"text" '))).toBe('"text" ')
    expect(run("SELECT x FROM 'a'", message('"text"'))).toBe('not-json')
    expect(run("SELECT * FROM 'a'", message(''))).toBe('')
  })

  test('columns cannot be added to bytes', () => {
    expect(run("SELECT *, timestamp() AS t FROM 'a'", message('nonsense'))).toBe('bytes-with-columns')
  })

  test('bytes in JSON are encoded with base64', () => {
    const from = new Message({ topic: 'a', payload: Buffer.of(0xff, 0xfe) })
    expect(run("SELECT {'data': *} AS m, * AS p FROM 'a'", from)).toBe('{"m":{"data":"//4="},"p":"//4="}')
  })

  test('text that is not UTF-8 is no JSON', () => {
    const from = new Message({
      topic: 'a',
      payload: Buffer.from([...Buffer.from('{"x":"'), 0xff, 0x22, 0x7d]),
    })
    expect(run("SELECT x FROM 'a'", from)).toBe('not-json')
  })

  test('is parsed once for all rules', () => {
    const from = message({ deep: { a: 1 } })
    const [first, second] = ["SELECT * FROM 'a'", "SELECT deep AS d FROM 'a'"].map((sql) =>
      parseRule(sql, '2016-03-23').evaluate(from, CONTEXT),
    )
    if (!first.matched || !second.matched) throw new Error('The rules match.')
    expect((second.payload as { d: unknown }).d).toBe((first.payload as unknown as { deep: unknown }).deep)
  })

  test('toBytes passes bytes on, and writes JSON', () => {
    const bytes = Buffer.of(1, 2)
    expect(toBytes(bytes)).toBe(bytes)
    expect(toBytes({ a: [1, null] }).toString()).toBe('{"a":[1,null]}')
  })
})

describe('a template', () => {
  const from = message({ id: 'd1', n: 1.5, o: { a: [1] }, nothing: null }, { topic: 'a/b' })
  const render = (text: string): string | undefined => parseTemplate(text, '2016-03-23').render(from, CONTEXT)

  test.each([
    ['plain', 'plain'],
    ['', ''],
    ['${id}', 'd1'],
    ['a ${id} b ${n + 1} c', 'a d1 b 2.5 c'],
    ['${o}', '{"a":[1]}'],
    ['[${missing}][${get(*, "nothing")}]', '[][]'],
    ['cost: $5 {id} $', 'cost: $5 {id} $'],
    ['$${id}', '${id}'],
    ['$$$${id}', '$${id}'],
    ['$$${id}', '$d1'],
    [`\${ {"a": "}"} }`, '{"a":"}"}'],
    ["${concat('}', \"'\", '${x}')}", "}'${x}"],
    ['${CASE n WHEN 1.5 THEN "x" END}', 'x'],
  ])('%s gives %s', (text, expected) => {
    expect(render(text)).toBe(expected)
  })

  test.each([
    ['a ${id', 'Expected "}" after the expression at line 1, column 7, but the SQL ends.'],
    ['${}', 'Expected an expression at line 1, column 3, but found }.'],
    ['${id x}', 'Expected "}" after the expression at line 1, column 6, but found x.'],
    [
      '${get_secret("a")}',
      'The function get_secret at line 1, column 3, reads AWS Secrets Manager, which is not supported.',
    ],
    ['${@x}', 'The variable @x at line 1, column 3, is not set before it is used.'],
  ])('%s is refused', (text, expected) => {
    expect(() => parseTemplate(text, '2016-03-23')).toThrow(expected)
  })

  test('tells the place of a problem', () => {
    expect(() => parseTemplate('first line\n  ${nope()}', '2016-03-23')).toThrow(
      expect.objectContaining({ name: 'SqlError', line: 2, column: 5 }),
    )
  })

  test('reads the variables of its rule', () => {
    const rule = parseRule("SET @x = upper(id), @y = @x + '!' SELECT * FROM 'a'", '2016-03-23')
    expect(parseTemplate('${@y}', rule).render(from, CONTEXT)).toBe('D1!')
  })

  test('does not read aliases of the rule', () => {
    const rule = parseRule("SELECT id AS alias FROM 'a'", '2016-03-23')
    expect(parseTemplate('[${alias}]', rule).render(from, CONTEXT)).toBe('[]')
  })
})
