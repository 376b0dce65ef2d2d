import { describe, expect, test } from 'vitest'
import { evaluate } from '../../testing/run.ts'

/** 2023-11-14 22:13:20.123 UTC, a Tuesday in week 46. */
const NOVEMBER = 1700000000123

describe('parse_time writes the patterns of Joda-Time', () => {
  test.each([
    ['yyyy-MM-dd HH:mm:ss.SSS', '2023-11-14 22:13:20.123'],
    ["yyyy-MM-dd'T'HH:mm:ssZZ", '2023-11-14T22:13:20+00:00'],
    ['EEEE, MMMM d, yyyy h:mm a', 'Tuesday, November 14, 2023 10:13 PM'],
    ['E MMM yy', 'Tue Nov 23'],
    ['D w x e', '318 46 2023 2'],
    ['K k S SSSSSS', '10 22 1 123000'],
    ['C YYYY G', '20 2023 AD'],
    ["'It''s' hh ''", "It's 10 '"],
    ['z zzzz Z ZZZ', 'UTC Coordinated Universal Time +0000 UTC'],
  ])('%s', (pattern, expected) => {
    expect(evaluate(`parse_time("${pattern}", ${NOVEMBER})`)).toBe(JSON.stringify(expected))
  })

  test.each([
    ['America/New_York', '17:13 EST -0500'],
    ['Europe/Berlin', '23:13 CET +0100'],
    ['Asia/Kolkata', '03:43 IST +0530'],
    ['Asia/Tokyo', '07:13 +09:00 +0900'],
    ['+02:30', '00:43 +02:30 +0230'],
  ])('in the time zone %s', (zone, expected) => {
    expect(evaluate(`parse_time('HH:mm z Z', ${NOVEMBER}, '${zone}')`)).toBe(`"${expected}"`)
  })

  test('summer time has its own name', () => {
    expect(evaluate("parse_time('HH:mm z', 1690000000000, 'America/New_York')")).toBe('"00:26 EDT"')
  })

  test('the ISO year of the first days of January may be the year before', () => {
    expect(evaluate("parse_time('x-ww', 1609459200000)")).toBe('"2020-53"')
  })

  test.each([
    "parse_time('yyyy', 0, 'Nope/Zone')",
    "parse_time('bbb', 0)",
    `parse_time("yyyy 'open", 0)`,
    "parse_time('yyyy', 'text')",
    "parse_time('yyyy', 1E300)",
    "parse_time('yyyy')",
  ])('%s is Undefined', (call) => {
    expect(evaluate(call)).toBeUndefined()
  })
})

describe('time_to_epoch reads the patterns of Java', () => {
  test.each([
    ['2023-11-14 22:13:20', 'yyyy-MM-dd HH:mm:ss', 1700000000000],
    ['2023-11-14T22:13:20.123Z', "yyyy-MM-dd'T'HH:mm:ss.SSSX", NOVEMBER],
    ['2023-11-15T00:13:20+02:00', "uuuu-MM-dd'T'HH:mm:ssXXX", 1700000000000],
    ['20231114221320', 'yyyyMMddHHmmss', 1700000000000],
    ['Tue, 14 Nov 2023 10:13:20 PM', 'E, d MMM yyyy h:mm:ss a', 1700000000000],
    ['14/11/23', 'dd/MM/yy', 1699920000000],
    ['[2023]-11-14', "'['yyyy']'-MM-dd", 1699920000000],
    ['2023 318', 'yyyy DDD', 1699920000000],
    ['2021-02-31', 'yyyy-MM-dd', Date.UTC(2021, 1, 28)],
    [
      '1 BC 01 01',
      'y G MM dd',
      Date.UTC(0, 0, 1) - (Date.UTC(1900, 0, 1) - new Date(0).setUTCFullYear(0, 0, 1)),
    ],
    ['2023-07-01 12:00 CEST', 'yyyy-MM-dd HH:mm z', Date.UTC(2023, 6, 1, 10)],
    ['2023-10-29 02:30 Europe/Berlin', 'yyyy-MM-dd HH:mm VV', Date.UTC(2023, 9, 29, 0, 30)],
    ['2023-03-26 02:30 Europe/Berlin', 'yyyy-MM-dd HH:mm VV', Date.UTC(2023, 2, 26, 1, 30)],
  ])('%s by %s', (text, pattern, expected) => {
    expect(evaluate(`time_to_epoch("${text}", "${pattern}")`)).toBe(String(expected))
  })

  test.each([
    ['nope', 'yyyy-MM-dd'],
    ['2023-13-01', 'yyyy-MM-dd'],
    ['2023-01-32', 'yyyy-MM-dd'],
    ['2023-1-1', 'yyyy-MM-dd'],
    ['2023-11-14 24:00', 'yyyy-MM-dd HH:mm'],
    ['Mon 2023-11-14', 'E yyyy-MM-dd'],
    ['2023-11', 'yyyy-MM'],
    ['2023-11-14 10:00', 'yyyy-MM-dd hh:mm'],
    ['2023-11-14 Nope/Zone', 'yyyy-MM-dd VV'],
    ['2023-11-14 ', 'yyyy-MM-dd'],
    ['2023-11-14', 'yyyy-MM-dd[ HH:mm]'],
    ['2023-W46', "yyyy-'W'ww"],
  ])('%s by %s is Undefined', (text, pattern) => {
    expect(evaluate(`time_to_epoch("${text}", "${pattern}")`)).toBeUndefined()
  })
})
