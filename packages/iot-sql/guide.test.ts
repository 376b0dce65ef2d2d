/** Every example of the SQL reference in AWS's developer guide that a rule can evaluate by itself. */
import { describe, expect, test } from 'vitest'
import { Message, parseTemplate } from './index.ts'
import { CONTEXT, evaluate, message, run } from './testing/run.ts'

describe('an example of a statement', () => {
  const color = { color: 'red', temperature: 50 }
  const sensors = {
    e: [
      { n: 'temperature', u: 'Cel', t: 1234, v: 22.5 },
      { n: 'light', u: 'lm', t: 1235, v: 135 },
      { n: 'acidity', u: 'pH', t: 1235, v: 7 },
    ],
  }
  const values = { attributes: { data1: 1, data2: 2 }, values: [{ a: 3 }, { b: 4 }, { c: 5 }] }
  const nested = {
    data1: 'example',
    data2: {
      a: 'first attribute',
      b: 'second attribute',
      c: [
        { x: { someInt: 5, someString: 'hello' }, y: true },
        { x: { someInt: 10, someString: 'world' }, y: false },
      ],
    },
  }

  test.each<[sql: string, payload: unknown, expected: unknown]>([
    [
      "SELECT color AS rgb FROM 'topic/subtopic' WHERE temperature > 50",
      { ...color, temperature: 100 },
      { rgb: 'red' },
    ],
    ["SELECT * FROM 'topic/subtopic'", color, color],
    ["SELECT color FROM 'topic/subtopic'", color, { color: 'red' }],
    ["SELECT color AS my_color FROM 'topic/subtopic'", color, { my_color: 'red' }],
    [
      "SELECT color as my_color, temperature as fahrenheit FROM 'topic/subtopic'",
      color,
      { my_color: 'red', fahrenheit: 50 },
    ],
    ["SELECT *, 15 as speed FROM 'topic/subtopic'", color, { ...color, speed: 15 }],
    ["SELECT VALUE color FROM 'topic/subtopic'", color, 'red'],
    [
      "SELECT color.red as red_value FROM 'topic/subtopic'",
      { color: { red: 255, green: 0, blue: 0 }, temperature: 50 },
      { red_value: 255 },
    ],
    [
      "SELECT (temperature - 32) * 5 / 9 AS celsius, upper(color) as my_color FROM 'topic/subtopic'",
      color,
      { celsius: 10, my_color: 'RED' },
    ],
    ["SELECT NULL AS n FROM 'topic/subtopic'", color, { n: null }],
    ["SELECT VALUE arr FROM 'topic'", { a: { b: 'c' }, arr: [1, 2, 3, 4] }, [1, 2, 3, 4]],
    ["SELECT temperature AS t FROM 'topic/subtopic'", { temperature: 50 }, { t: 50 }],
    [
      `SELECT CASE color WHEN 'green' THEN 'go' WHEN 'yellow' THEN 'caution' WHEN 'red' THEN 'stop'
        ELSE 'you are not at a stop light' END as instructions FROM 'topic/subtopic'`,
      { color: 'yellow' },
      { instructions: 'caution' },
    ],
    [
      "SELECT foo.bar AS bar.baz FROM 'topic/subtopic'",
      { foo: { bar: 'RED', bar1: 'GREEN', bar2: 'BLUE' } },
      { bar: { baz: 'RED' } },
    ],
    [
      `SELECT * from 'iot/rules' WHERE get(get(get(mydata,"item2"),"0"),"my-key") = "myValue"`,
      { mydata: { item2: { 0: { 'my-key': 'myValue' } } } },
      { mydata: { item2: { 0: { 'my-key': 'myValue' } } } },
    ],
    [
      "SELECT temp, md5(deviceid) AS hashed_id FROM 'topic/#'",
      {
        deviceid: 'iot123',
        temp: 54.98,
        humidity: 32.43,
        coords: { latitude: 47.615694, longitude: -122.3359976 },
      },
      { temp: 54.98, hashed_id: 'e37f81fb397e595c4aeb5645b8cbbbd1' },
    ],
    [
      "SELECT {'latitude': get(lat_long, 0),'longitude':get(lat_long, 1)} as lat_long FROM 'topic/subtopic'",
      { lat_long: [47.606, -122.332] },
      { lat_long: { latitude: 47.606, longitude: -122.332 } },
    ],
    [
      "SELECT [lat,long] as lat_long FROM 'topic/subtopic'",
      { lat: 47.696, long: -122.332 },
      { lat_long: [47.696, -122.332] },
    ],
    [
      "SELECT (SELECT VALUE n FROM e) as sensors FROM 'my/topic'",
      sensors,
      { sensors: ['temperature', 'light', 'acidity'] },
    ],
    [
      "SELECT (SELECT v FROM e WHERE n = 'temperature') as temperature FROM 'my/topic'",
      sensors,
      { temperature: [{ v: 22.5 }] },
    ],
    [
      "SELECT get((SELECT v FROM e WHERE n = 'temperature'), 0).v as temperature FROM 'topic'",
      sensors,
      { temperature: 22.5 },
    ],
    [
      "select * from 'a/b' where 3 in arr",
      { arr: [1, 2, 3, 'three', 5.7, null] },
      { arr: [1, 2, 3, 'three', 5.7, null] },
    ],
    [
      "select * from 'a/b' where exists (select * from arr as a where a = 3)",
      { arr: [1, 2, 3] },
      { arr: [1, 2, 3] },
    ],
    [
      `SELECT decode(encoded_temp,"base64").temperature AS temp from 'topic/subtopic'`,
      { encoded_temp: 'eyAidGVtcGVyYXR1cmUiOiAzMyB9Cg==' },
      { temp: 33 },
    ],
    [
      `select value transform("enrichArray", attributes, values) from 'A/B'`,
      values,
      [
        { a: 3, data1: 1, data2: 2 },
        { b: 4, data1: 1, data2: 2 },
        { c: 5, data1: 1, data2: 2 },
      ],
    ],
    [
      `select value transform("enrichArray", {"key": attributes.data1}, values) from 'A/B'`,
      values,
      [
        { a: 3, key: 1 },
        { b: 4, key: 1 },
        { c: 5, key: 1 },
      ],
    ],
    [
      "select value transform('enrichArray', (select a, b from data2), (select value c from data2)) from 'A/B'",
      nested,
      nested.data2.c.map((element) => ({ ...element, a: 'first attribute', b: 'second attribute' })),
    ],
    [
      `SELECT parse_time("yyyy.MM.dd G 'at' HH:mm:ss z", 100000000, 'America/Belize' ) as ts FROM 'A/B'`,
      {},
      { ts: '1970.01.01 AD at 21:46:40 CST' },
    ],
    [
      `SELECT parse_time("yyyy.MM.dd G 'at' HH:mm:ss z", timestamp() ) as ts FROM 'A/B'`,
      {},
      { ts: '2016.12.15 AD at 18:07:31 UTC' },
    ],
    [
      "SET @celsius = (temp_fahrenheit - 32) * 5 / 9 SELECT @celsius AS celsius, humidity FROM 'device/data'",
      { temp_fahrenheit: 77, humidity: 60 },
      { celsius: 25, humidity: 60 },
    ],
  ])('%s', (sql, payload, expected) => {
    expect(JSON.parse(run(sql, message(payload)))).toEqual(expected)
  })

  test('WHERE that is false gives no payload', () => {
    const sql = "SELECT color AS my_color FROM 'topic/subtopic' WHERE temperature > 50 AND color <> 'red'"
    expect(run(sql, message({ color: 'red', temperature: 40 }))).toBe('condition-false')
  })

  test('a payload that is no JSON can be decoded and compared', () => {
    const sql = `SELECT decode(encode(*, 'base64'), 'base64') AS value FROM 'topic/subtopic'
      WHERE decode(encode(*, 'base64'), 'base64') > 50`
    expect(run(sql, message('80'))).toBe('{"value":80}')
  })

  test('Undefined by itself is no text, and a member that is Undefined is left out', () => {
    expect(run("SELECT VALUE bar FROM 'a'", message({ foo: null }))).toBe('')
    expect(run("SELECT foo, bar FROM 'a'", message({ foo: null }))).toBe('{"foo":null}')
  })
})

describe('an example of a payload that is no JSON', () => {
  const bytes = new Message({ topic: 't', payload: Buffer.of(0xff, 0x00, 0xfe) })

  test('* passes the bytes on', () => {
    expect(run("SELECT * FROM 'topic/subtopic'", message('not JSON'))).toBe('not JSON')
    expect(run("SELECT * FROM 'topic/subtopic' WHERE timestamp() % 5 = 0", message('not JSON'))).toBe(
      'not JSON',
    )
  })

  test('encode(*) encodes the bytes', () => {
    expect(run("SELECT encode(*, 'base64') AS data, timestamp() AS ts FROM 'a'", bytes)).toBe(
      '{"data":"/wD+","ts":1481825251155}',
    )
  })

  test('columns can be added to an empty payload', () => {
    expect(
      run(
        "SELECT *, principal() as principal, timestamp() as time FROM 'a'",
        message('', { principal: 'p' }),
      ),
    ).toBe('{"principal":"p","time":1481825251155}')
  })

  test('fields are Undefined in WHERE and in templates', () => {
    expect(run("SELECT * FROM 'a' WHERE device_type = 'thermostat'", bytes)).toBe('condition-undefined')
    expect(parseTemplate('device/${device_id}', '2016-03-23').render(bytes, CONTEXT)).toBe('device/')
  })
})

describe('an example of a function', () => {
  test.each<[expression: string, expected: string | undefined]>([
    ['abs(-5)', '5'],
    ['accountid()', '"123456789012"'],
    ['acos(0)', '1.5707963267948966'],
    ['asin(0)', '0'],
    ['atan(0)', '0'],
    ['atan2(1, 0)', '1.5707963267948966'],
    ['bitand(13, 5)', '5'],
    ['bitor(8, 5)', '13'],
    ['bitxor(13, 5)', '8'],
    ['bitnot(13)', '2'],
    ['cast(true as Int)', '1'],
    ['ceil(1.2)', '2'],
    ['ceil(-1.2)', '-1'],
    ['chr(65)', '"A"'],
    ['chr(49)', '"1"'],
    ['clientid()', '"n/a"'],
    ['concat()', undefined],
    ['concat([1, 2, 3], 4)', '[1,2,3,4]'],
    ['concat([1, 2, 3], "hello")', '[1,2,3,"hello"]'],
    ['concat("con", "cat")', '"concat"'],
    ['concat(1, "hello")', '"1hello"'],
    ['concat("he","is","man")', '"heisman"'],
    ['concat([1, 2, 3], "hello", [4, 5, 6])', '[1,2,3,"hello",4,5,6]'],
    ['cos(0)', '1'],
    ['cosh(2.3)', '5.037220649268761'],
    ['endswith("cat","at")', 'true'],
    ['exp(1)', '2.718281828459045'],
    ['floor(1.2)', '1'],
    ['floor(-1.2)', '-2'],
    ['get(["a", "b", "c"], 1)', '"b"'],
    ['get({"a":"b"}, "a")', '"b"'],
    ['md2("hello")', '"a9046c73e00331af68917d3804f70655"'],
    ['md5("hello")', '"5d41402abc4b2a76b9719d911017c592"'],
    ['indexof("abcd", "bc")', '1'],
    ['isNull(5)', 'false'],
    ['isNull(Null)', 'true'],
    ['isUndefined(5)', 'false'],
    ['isUndefined(floor([1,2,3]))', 'true'],
    ['length("hi")', '2'],
    ['length(false)', '5'],
    ['ln(exp(1))', '1'],
    ['log(100)', '2'],
    ['lower("HELLO")', '"hello"'],
    ['lower(["HELLO"])', '"[\\"hello\\"]"'],
    ['lpad("hello", 2)', '"  hello"'],
    ['lpad(1, 3)', '"   1"'],
    ['Ltrim(" h i ")', '"h i "'],
    ['mod(8, 3)', '2'],
    ['Nanvl(8, 3)', '8'],
    ['numbytes("hi")', '2'],
    ['numbytes("€")', '3'],
    ['power(2, 5)', '32'],
    ['regexp_matches("aaaa", "a{2,}")', 'true'],
    ['regexp_matches("aaaa", "b")', 'false'],
    ['regexp_replace("abcd", "bc", "x")', '"axd"'],
    ['regexp_replace("abcd", "b(.*)d", "$1")', '"ac"'],
    ['regexp_substr("hihihello", "hi")', '"hi"'],
    ['regexp_substr("hihihello", "(hi)*")', '"hihi"'],
    ['remainder(8, 3)', '2'],
    ['replace("abcd", "bc", "x")', '"axd"'],
    ['replace("abcdabcd", "b", "x")', '"axcdaxcd"'],
    ['rpad("hello", 2)', '"hello  "'],
    ['rpad(1, 3)', '"1   "'],
    ['Round(1.2)', '1'],
    ['Round(1.5)', '2'],
    ['Round(1.7)', '2'],
    ['Round(-1.1)', '-1'],
    ['Round(-1.5)', '-2'],
    ['rtrim(" h i ")', '" h i"'],
    ['sign(-7)', '-1'],
    ['sign(0)', '0'],
    ['sign(13)', '1'],
    ['sin(0)', '0'],
    ['sinh(2.3)', '4.936961805545957'],
    ['substring("012345", 0)', '"012345"'],
    ['substring("012345", 2)', '"2345"'],
    ['substring("012345", 2.745)', '"2345"'],
    ['substring(123, 2)', '"3"'],
    ['substring("012345", -1)', '"012345"'],
    ['substring(true, 1.2)', '"rue"'],
    ['substring(false, -2.411E247)', '"false"'],
    ['substring("012345", 1, 3)', '"12"'],
    ['substring("012345", -50, 50)', '"012345"'],
    ['substring("012345", 3, 1)', '""'],
    ['sql_version()', '"2016-03-23"'],
    ['sqrt(9)', '3'],
    ['startswith("ranger","ran")', 'true'],
    ['tan(3)', '-0.1425465430742778'],
    ['tanh(2.3)', '0.9800963962661914'],
    ['time_to_epoch("2020-04-03 09:45:18 UTC+01:00", "yyyy-MM-dd HH:mm:ss VV")', '1585903518000'],
    ['time_to_epoch("18 December 2015", "dd MMMM yyyy")', '1450396800000'],
    [
      'time_to_epoch("2007-12-03 10:15:30.592 America/Los_Angeles", "yyyy-MM-dd HH:mm:ss.SSS z")',
      '1196705730592',
    ],
    ['timestamp()', '1481825251155'],
    ['topic()', '"topic/subtopic"'],
    ['topic(1)', '"topic"'],
    ['Trim(" hi ")', '"hi"'],
    ['trunc(2.3, 0)', '2'],
    ['trunc(2.3123, 2)', '2.31'],
    ['trunc(2.888, 2)', '2.88'],
    ['trunc(2.00, 5)', '2'],
    ['upper("hello")', '"HELLO"'],
    ['upper(["hello"])', '"[\\"HELLO\\"]"'],
    ["abs('-5.123')", '5.123'],
  ])('%s = %s', (expression, expected) => {
    expect(evaluate(expression)).toBe(expected)
  })

  test('results of double precision are Decimals in SQL version 2015-10-08', () => {
    const results = ['sqrt(9)', 'power(2, 5)', 'log(100)', 'asin(0)'].map((call) =>
      evaluate(call, {}, '2015-10-08'),
    )
    expect(results).toEqual(['3.0', '32.0', '2.0', '0.0'])
  })

  test('functions read the metadata of the message', () => {
    const from = message('{}', {
      topic: '$aws/rules/BuildingManager/Buildings/Building5/Floor2/Room201/Lights',
      clientId: 'device-1',
      principal: 'ba67293af50bf2506f5f93469686da660c7c844e7b3950bfb16813e0d31e9373',
      traceId: '12345678-1234-1234-1234-123456789012',
      sourceIp: '192.168.1.0',
    })
    const sql =
      'SELECT topic() AS t, topic(3) AS level, clientid() AS c, principal() AS p, traceid() AS id, sourceip() AS ip'
    expect(JSON.parse(run(sql, from))).toEqual({
      t: 'Buildings/Building5/Floor2/Room201/Lights',
      level: 'Floor2',
      c: 'device-1',
      p: 'ba67293af50bf2506f5f93469686da660c7c844e7b3950bfb16813e0d31e9373',
      id: '12345678-1234-1234-1234-123456789012',
      ip: '192.168.1.0',
    })
  })

  test('newuuid and rand give new values', () => {
    expect(evaluate('newuuid()')).toMatch(/^"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}"$/)
    const random = Number(evaluate('rand()'))
    expect(random >= 0 && random < 1).toBe(true)
    expect(evaluate('newuuid() = newuuid()')).toBe('false')
  })

  test('properties of MQTT 5 are read by their names', () => {
    const properties = {
      contentType: 'text/plain',
      utf8: true,
      responseTopic: 'r/t',
      correlationData: Buffer.from('cid'),
      user: [
        ['k', 'v1'],
        ['o', 'ov'],
        ['k', 'v2'],
      ] as const,
    }
    const sql = `SELECT get_mqtt_property('content_type') AS c, get_mqtt_property('format_indicator') AS f,
      get_mqtt_property('response_topic') AS r, get_mqtt_property('correlation_data') AS d,
      get_mqtt_property('other') AS x, get_user_properties('k') AS k, get_user_properties() AS u FROM 'a'`
    expect(JSON.parse(run(sql, message({}, { properties })))).toEqual({
      c: 'text/plain',
      f: 'UTF8_DATA',
      r: 'r/t',
      d: 'Y2lk',
      k: ['v1', 'v2'],
      u: [{ k: 'v1' }, { o: 'ov' }, { k: 'v2' }],
    })
  })
})

describe('an example of a substitution template', () => {
  test.each([
    ['${topic()}/republish', 'my/iot/topic/republish'],
    ['$$aws/things/MyThing/shadow/update', '$aws/things/MyThing/shadow/update'],
    ["${parse_time('yyyy', timestamp(), 'UTC')}", '2016'],
  ])('%s gives %s', (text, expected) => {
    const from = message({ deviceid: 'iot123' }, { topic: 'my/iot/topic' })
    expect(parseTemplate(text, '2016-03-23').render(from, CONTEXT)).toBe(expected)
  })
})
