import { describe, expect, test } from 'vitest'
import { parseRule, SqlError, type SqlVersion } from '../index.ts'
import { message, run } from '../testing/run.ts'

function refusal(sql: string, version: SqlVersion = '2016-03-23'): string {
  try {
    parseRule(sql, version)
  } catch (error) {
    if (error instanceof SqlError) return error.message
    throw error
  }
  return 'accepted'
}

describe('SQL that is wrong is refused with its place', () => {
  test.each([
    ['', 'Expected SELECT at the beginning at line 1, column 1, but the SQL ends.'],
    ['UPDATE x', 'Expected SELECT at the beginning at line 1, column 1, but found UPDATE.'],
    ["SELECT FROM 'a'", 'Expected an expression at line 1, column 8, but found FROM.'],
    ['SELECT a\n  FROM a', 'Expected a topic filter in quotes after FROM at line 2, column 8, but found a.'],
    [
      "SELECT a b FROM 'a'",
      'Expected ",", AS, FROM, WHERE or the end of the SQL at line 1, column 10, but found b.',
    ],
    ["SELECT a FROM 'a' b", 'Expected WHERE or the end of the SQL at line 1, column 19, but found b.'],
    ["SELECT a FROM 'a' WHERE", 'Expected an expression at line 1, column 24, but the SQL ends.'],
    ["SELECT a FROM 'a' WHERE b = 1 c", 'Expected the end of the SQL at line 1, column 31, but found c.'],
    ["SELECT a AS 'x' FROM 'a'", "Expected a name after AS at line 1, column 13, but found 'x'."],
    ["SELECT (a FROM 'a'", 'Expected ")" after the expression at line 1, column 11, but found FROM.'],
    ["SELECT f(a FROM 'a'", 'Expected ")" after the arguments of f at line 1, column 12, but found FROM.'],
    [
      "SELECT [1, 2 FROM 'a'",
      'Expected "]" after the elements of the array at line 1, column 14, but found FROM.',
    ],
    ["SELECT {a: 1} FROM 'a'", 'Expected the name of a member, in quotes at line 1, column 9, but found a.'],
    ["SELECT 'a FROM x", 'Expected a closing quote for the string at line 1, column 8, but the SQL ends.'],
    ["SELECT a[0] FROM 'a'", 'Found "[" at line 1, column 9, but elements are read with get(array, index).'],
    [
      "SELECT a.0 FROM 'a'",
      'Expected a name after "." (for other names write get(object, "name")) at line 1, column 10, but found 0.',
    ],
    ["SELECT a FROM 'a' WHERE b != 1", 'Found != at line 1, column 27, but inequality is written <>.'],
    ["SELECT a ; FROM 'a'", 'Found ";" at line 1, column 10, which SQL does not use.'],
    [
      "SELECT CASE WHEN a THEN 1 END FROM 'a'",
      'Expected the value to compare after CASE at line 1, column 13, but found WHEN.',
    ],
    ["SELECT CASE a END FROM 'a'", 'Expected WHEN at line 1, column 15, but found END.'],
    ["SELECT cast(a) FROM 'a'", 'Expected AS after the value of cast at line 1, column 14, but found ).'],
    [
      "SELECT cast(a AS Date) FROM 'a'",
      'The type Date of cast at line 1, column 8, is not one of STRING, NVARCHAR, TEXT, NTEXT, VARCHAR, INT, INTEGER, DOUBLE, DECIMAL, BOOL, BOOLEAN.',
    ],
    ["SELECT nope(a) FROM 'a'", 'The function nope at line 1, column 8, is not one of AWS IoT SQL.'],
    ["SELECT toString(a) FROM 'a'", 'The function toString at line 1, column 8, is not one of AWS IoT SQL.'],
    [
      "SELECT a FROM 'a/#/b'",
      'The topic filter of FROM at line 1, column 15, is not valid: The wildcard # must be the whole last level of a topic filter.',
    ],
    [
      "SELECT a FROM '$aws/rules/r'",
      'The topic filter of FROM at line 1, column 15, is reserved for Basic Ingest: leave FROM out, and publish to $aws/rules/ with the name of the rule.',
    ],
    [
      "SELECT regexp_matches(a, '(?=x)') FROM 'a'",
      'The regular expression at line 1, column 26, cannot be used: invalid or unsupported Perl syntax: `(?=`.',
    ],
    ["SELECT encode(a, 'hex') FROM 'a'", "Expected the scheme 'base64' at line 1, column 18."],
    [
      "SELECT decode(a, 'proto', 'b', 'k', 'f', 't') FROM 'a'",
      "The scheme 'proto' at line 1, column 18, reads a descriptor from S3, which is not supported.",
    ],
    ["SELECT 1E1000 FROM 'a'", 'Found a number beyond 9.99E999 at line 1, column 8.'],
    ["SELECT @x FROM 'a'", 'The variable @x at line 1, column 8, is not set before it is used.'],
    ["SET @x = @x SELECT @x FROM 'a'", 'The variable @x at line 1, column 10, is not set before it is used.'],
    ["SET @x = 1, @x = 2 SELECT @x FROM 'a'", 'The variable @x is set a second time at line 1, column 13.'],
    [
      "SELECT upper(a.*) FROM 'a'",
      'All fields of an object at line 1, column 14, are only possible as a column of SELECT.',
    ],
    ["SET x = 1 SELECT x FROM 'a'", 'Expected a variable such as @name at line 1, column 5, but found x.'],
  ])('%s', (sql, expected) => {
    expect(refusal(sql)).toBe(expected)
  })

  test.each([
    ['aws_lambda("arn", *)', 'calls a Lambda function, which is not supported; use a Lambda action instead'],
    ['get_dynamodb("t", "k", "v", "r")', 'reads a table of DynamoDB, which is not supported'],
    ['get_registry_data("DescribeThing", "t", "r")', 'reads the registry of things, which is not supported'],
    ['get_secret("s", "SecretString", "r")', 'reads AWS Secrets Manager, which is not supported'],
    ['get_thing_shadow("t", "r")', 'reads a device shadow, which is not supported'],
    [
      'machinelearning_predict("m", "r", *)',
      'calls a model of Amazon Machine Learning, which is not supported',
    ],
  ])('%s needs another service', (call, reason) => {
    const name = call.slice(0, call.indexOf('('))
    expect(refusal(`SELECT ${call} FROM 'a'`)).toBe(`The function ${name} at line 1, column 8, ${reason}.`)
  })

  test.each([
    ['{"a": 1}', 'An object literal'],
    ['[1]', 'An array literal'],
    ['(SELECT a FROM b)', 'A nested SELECT'],
    ['indexof("a", "b")', 'The function indexof'],
    ["encode(*, 'base64')", 'The function encode'],
    ['cast(a AS Bool)', 'The type Bool of cast'],
  ])('%s needs a newer version', (expression, what) => {
    const expected = `${what} at line 1, column 8, needs SQL version 2016-03-23.`
    expect(refusal(`SELECT ${expression} FROM 'a'`, '2015-10-08')).toBe(expected)
    expect(refusal(`SELECT ${expression} FROM 'a'`, 'beta')).toBe('accepted')
  })
})

describe('SQL that is right', () => {
  test('keywords and functions have any case', () => {
    expect(run("select Upper(a) as B from 'a' where Not False", message({ a: 'x' }))).toBe('{"B":"X"}')
  })

  test('FROM may be left out for Basic Ingest', () => {
    expect(parseRule('SELECT * WHERE a > 1', '2016-03-23').filter).toBeUndefined()
    expect(parseRule("SELECT * FROM 'a/+/#'", '2016-03-23').filter).toBe('a/+/#')
  })

  test.each([
    ["SELECT value FROM 'a'", '{"value":3}'],
    ["SELECT value, value AS v FROM 'a'", '{"value":3,"v":3}'],
    ["SELECT value - 1 AS v FROM 'a'", '{"v":2}'],
    ["SELECT value * 2 AS v FROM 'a'", '{"v":6}'],
    ["SELECT value IN [3] AS v FROM 'a'", '{"v":true}'],
    ["SELECT VALUE value FROM 'a'", '3'],
    ["SELECT VALUE (value + 1) FROM 'a'", '4'],
    ["SELECT VALUE * FROM 'a'", '{"value":3,"o":{"end":1}}'],
    ["SELECT VALUE 'text' FROM 'a'", '"text"'],
    ["SELECT o.end, o.end AS end FROM 'a'", '{"end":1}'],
    ["SELECT topic(), value + 1 FROM 'a'", '{"topic()":"topic/subtopic","value + 1":4}'],
    ["SELECT o.end AS x.y, value AS x.z FROM 'a'", '{"x":{"y":1,"z":3}}'],
    ["SELECT *, 2 AS o.more FROM 'a'", '{"value":3,"o":{"end":1,"more":2}}'],
    ["SELECT 1 AS __proto__, o.__proto__ AS p FROM 'a'", '{"__proto__":1}'],
    ["SELECT o.constructor AS c, hasOwnProperty AS h FROM 'a'", '{}'],
    ["SELECT o.* FROM 'a'", '{"end":1}'],
    ["SELECT o.*, value FROM 'a'", '{"end":1,"value":3}'],
    ["SELECT missing.*, value.*, o.* FROM 'a'", '{"end":1}'],
    ["SELECT {'message': *} AS m FROM 'a'", '{"m":{"message":{"value":3,"o":{"end":1}}}}'],
    ["SELECT [missing, 1] AS a, {'x': missing} AS b FROM 'a'", '{"a":[1],"b":{}}'],
  ])('%s', (sql, expected) => {
    expect(run(sql, message({ value: 3, o: { end: 1 } }))).toBe(expected)
  })

  test('a payload is not changed by a column below one of its objects', () => {
    const from = message({ o: { a: 1 } })
    run("SELECT *, 2 AS o.b FROM 'a'", from)
    expect(run("SELECT * FROM 'a'", from)).toBe('{"o":{"a":1}}')
  })

  test('a variable is evaluated once, also in a nested SELECT', () => {
    const sql = `SET @id = newuuid(), @max = (SELECT VALUE x FROM limits AS l)
      SELECT (SELECT VALUE r.v FROM rows AS r WHERE r.v IN @max) AS v, @id = @id AS same FROM 'a'`
    const from = message({ rows: [{ v: 1 }, { v: 2 }, { v: 3 }], limits: [{ x: 2 }, { x: 3 }] })
    expect(run(sql, from)).toBe('{"v":[2,3],"same":true}')
  })

  test('nested SELECTs read the elements around them by their names', () => {
    const sql = `SELECT VALUE (SELECT o.id, (SELECT VALUE [o.id, i] FROM items AS i) AS pairs FROM orders AS o) FROM 'a'`
    const from = message({
      orders: [
        { id: 'x', items: [1, 2] },
        { id: 'y', items: [] },
      ],
    })
    expect(run(sql, from)).toBe('[{"id":"x","pairs":[["x",1],["x",2]]},{"id":"y","pairs":[]}]')
  })

  test('EXISTS is false for no elements and for a missing array', () => {
    const sql = "SELECT EXISTS (SELECT * FROM a WHERE x > 1) AS a, EXISTS (SELECT * FROM b) AS b FROM 't'"
    expect(run(sql, message({ a: [{ x: 1 }] }))).toBe('{"a":false,"b":false}')
  })
})

describe('in SQL version 2015-10-08', () => {
  test('SELECT VALUE of an array has no result', () => {
    expect(run("SELECT VALUE arr FROM 'a'", message({ arr: [1] }), '2015-10-08')).toBe('array')
    expect(run("SELECT VALUE arr FROM 'a'", message({ arr: { b: 1 } }), '2015-10-08')).toBe('{"b":1}')
  })
})
