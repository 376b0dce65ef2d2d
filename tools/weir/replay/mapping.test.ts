import { describe, expect, test } from 'vitest'
import { parseExactly } from '../json.ts'
import { topicContract } from './contract.ts'
import { converter } from './convert.ts'
import { type Columns, planMapping } from './mapping.ts'

const contract = topicContract('taxi.telemetry')
const columns = (...names: string[]): Columns => ({ names, known: names.length })
const plan = (names: Columns, maps: string[] = [], sets: string[] = []): Record<string, unknown> =>
  Object.fromEntries(
    planMapping(contract, names, maps, sets).assignments.map((assignment) => [
      assignment.leaf.name,
      'constant' in assignment
        ? assignment.constant
        : `${names.names[assignment.column]}*${assignment.factor}`,
    ]),
  )

describe('columns find their fields', () => {
  test.each([
    ['track_id', 'lon', 'lat', 'speed', 'time'],
    ['deviceId', 'position.lon', 'position.lat', 'speed', 'eventTime'],
    ['Vehicle ID', 'Longitude', 'LATITUDE', 'speed_kmh', 'Timestamp'],
    ['device', 'x', 'y', 'velocity', 'ts'],
  ])('%s, %s, %s, %s, %s', (id, lon, lat, speed, time) => {
    expect(plan(columns(id, lon, lat, speed, time))).toEqual({
      deviceId: `${id}*1`,
      'position.lat': `${lat}*1`,
      'position.lon': `${lon}*1`,
      speed: `${speed}*1`,
      eventTime: `${time}*1`,
    })
  })

  test('or are said, with factors and constants', () => {
    expect(
      plan(
        columns('who', 'lat', 'lon', 'mph', 'time', 'a*b'),
        ['deviceId=who', 'speed=mph*1.609344', 'fuel=a*b'],
        ['occupied=true', 'heading=null', 'tripId=7'],
      ),
    ).toMatchObject({
      deviceId: 'who*1',
      speed: 'mph*1.609344',
      fuel: 'a*b*1',
      occupied: true,
      heading: null,
      tripId: '7',
    })
  })

  test.each([
    [
      ['lat', 'lon', 'speed', 'time'],
      [],
      [],
      'No column matches deviceId; choose one with --map deviceId=COLUMN. The columns are lat, lon, speed, time.',
    ],
    [['id', 'lat', 'lon', 'speed', 'time'], ['spede=speed'], [], 'Did you mean speed?'],
    [
      ['id', 'lat', 'lon', 'speed', 'time'],
      ['speed=sped'],
      [],
      'There is no column sped. Did you mean speed?',
    ],
    [['id', 'lat', 'lon', 'speed', 'time'], ['speed=speed*fast'], [], 'is not a number'],
    [['id', 'lat', 'lon', 'speed', 'time'], ['speed=speed*0x10'], [], 'is not a number'],
    [['id', 'lat', 'lon', 'speed', 'time'], ['speed=speed* '], [], 'is not a number'],
    [
      ['id', 'lat', 'lon', 'speed', 'time'],
      [],
      ['eventTime=9007199254740993'],
      'takes milliseconds since the epoch',
    ],
    [['id', 'lat', 'lon', 'speed', 'time'], [], ['speed=9007199254740993'], 'takes a number'],
    [['id', 'lat', 'lon', 'speed', 'time'], ['speed'], [], 'write it as --map field=column'],
    [['id', 'lat', 'lon', 'speed', 'time'], [], ['occupied=maybe'], 'takes true or false'],
  ])('%s with %s %s is refused', (names, maps, sets, sentence) => {
    expect(() => planMapping(contract, columns(...names), maps, sets)).toThrow(sentence)
  })

  test('unused columns are named', () => {
    expect(
      planMapping(contract, columns('id', 'lat', 'lon', 'speed', 'time', 'colour'), [], []).unused,
    ).toEqual(['colour'])
  })
})

describe('rows become values', () => {
  const names = columns('id', 'lat', 'lon', 'speed', 'time', 'occupied', 'fuel')
  const convert = (cells: unknown[], maps: string[] = []) =>
    converter({
      mapping: planMapping(contract, names, maps, []),
      key: contract.key,
      time: contract.time,
      reading: { format: 'seconds', zoneMs: 0 },
      window: { from: -1, to: 1e12 },
      shift: 1_000_000,
    })(cells)

  test('typed by the contract, times shifted, empty cells left out', () => {
    const converted = convert(['007', '40.5', '-73.25', '31.5', '12.5', 'true', ''])
    expect(converted).toMatchObject({ key: '007', time: 12_500 })
    expect(JSON.parse(converted.json!)).toEqual({
      deviceId: '007',
      position: { lat: 40.5, lon: -73.25 },
      speed: 31.5,
      eventTime: 1_012_500,
      occupied: true,
    })
    expect(JSON.parse(convert([7, 1, 2, 3, 4, false, null]).json!)).toEqual({
      deviceId: '7',
      position: { lat: 1, lon: 2 },
      speed: 3,
      eventTime: 1_004_000,
      occupied: false,
      fuel: null,
    })
    expect(JSON.parse(convert(['a', '1', '2', '10', '0', '', ''], ['speed=speed*3.6']).json!)).toMatchObject({
      speed: 36,
    })
  })

  test('blanks around a number do not count, and ids keep their digits', () => {
    expect(JSON.parse(convert(['a ', ' 1', '+2. ', '.5', ' 1e1', ' TRUE ', ' 1.5E-3']).json!)).toMatchObject({
      deviceId: 'a ',
      position: { lat: 1, lon: 2 },
      speed: 0.5,
      eventTime: 1_010_000,
      occupied: true,
      fuel: 0.0015,
    })
    for (const digits of ['9007199254740993', '-00123456789012345678901234567890', '9007199254740992.0'])
      expect(convert([digits, 1, 2, 3, 4]).key).toBe(digits)
    const { id, lat } = parseExactly('{"id":9007199254740993,"lat":37.123456789012345678}') as Record<
      string,
      unknown
    >
    expect(convert([id, lat, 2, 3, 4])).toMatchObject({
      key: '9007199254740993',
      json: expect.stringContaining('"lat":37.123456789012344,'),
    })
  })

  test.each([
    ['0x10'],
    ['0b11'],
    ['0o7'],
    ['1_000'],
    ['1,5'],
    ['Infinity'],
    ['NaN'],
    ['--1'],
    ['1e'],
    ['.'],
    ['1 2'],
    ['١'],
    ['1e999'],
    [true],
    [[]],
    [{}],
  ])('%j is not a number', (cell) => {
    expect(convert(['a', cell, 2, 3, 4])).toMatchObject({
      json: undefined,
      field: 'position.lat',
      problem: expect.stringMatching(/is not a number$/),
    })
    expect(convert(['a', 1, 2, 3, 4, true, cell])).toMatchObject({ json: undefined, field: 'fuel' })
  })

  test.each([
    [[' ', '1', '2', '3', '4', '', ''], 'deviceId', 'is missing'],
    [['a', ' ', '2', '3', '4', '', ''], 'position.lat', 'is missing'],
    [['a', '1', '2', '\t', '4', '', ''], 'speed', 'is missing'],
    [['a', '1', '2', '3', ' ', '', ''], 'eventTime', 'is missing'],
    [
      ['a', '1', '2', '9007199254740993', '4', '', ''],
      'speed',
      '"9007199254740993" is beyond 9007199254740991, where numbers are no longer exact',
    ],
    [
      ['a', '1', '2', parseExactly('9007199254740993'), '4', '', ''],
      'speed',
      '9007199254740993 is beyond 9007199254740991, where numbers are no longer exact',
    ],
    [
      [1e21, '1', '2', '3', '4', '', ''],
      'deviceId',
      '1e+21 is a number whose exact text is unknown; write it as text',
    ],
    [
      [parseExactly('0.12345678901234567'), '1', '2', '3', '4', '', ''],
      'deviceId',
      '0.12345678901234567 is a number whose exact text is unknown; write it as text',
    ],
    [['Z\uDC80rich', '1', '2', '3', '4', '', ''], 'deviceId', '"Z\\udc80rich" has bytes that are not UTF-8'],
    [
      ['a', '1', '2', '3', '253402300799', '', ''],
      'eventTime',
      '"253402300799" is 9999-12-31T23:59:59Z, far from the other times; --all-times sends it',
    ],
    [
      ['a', '1', '2', '3', '-1', '', ''],
      'eventTime',
      '"-1" is 1969-12-31T23:59:59Z, far from the other times; --all-times sends it',
    ],
    [['a', '1', '2', '3', '1e300', '', ''], 'eventTime', '"1e300" is not a time'],
    [['', '1', '2', '3', '4', '', ''], 'deviceId', 'is missing'],
    [['a', 'north', '2', '3', '4', '', ''], 'position.lat', '"north" is not a number'],
    [['a', '1', '2', 'NaN', '4', '', ''], 'speed', '"NaN" is not a number'],
    [['a', '1', '2', '3', 'noon', '', ''], 'eventTime', '"noon" is not a time'],
    [['a', '1', '2', '3', '4', 'perhaps', ''], 'occupied', '"perhaps" is not true or false'],
    [[{}, 1, 2, 3, 4, true, 1], 'deviceId', '{} is not text'],
  ])('%j is refused for its %s', (cells, field, problem) => {
    const converted = convert(cells)
    expect(converted.json).toBeUndefined()
    expect([converted.field, converted.problem]).toEqual([field, problem])
  })

  test('a factor that makes a number too large refuses it', () => {
    const { json, field, problem } = convert(['a', '1', '2', '1e300', '4', '', ''], ['speed=speed*1e300'])
    expect([json, field, problem]).toEqual([
      undefined,
      'speed',
      '"1e300" times its factor is too large for a number',
    ])
  })

  test('ids that differ beyond the digits of a number do not become one', () => {
    const { id } = parseExactly('{"id":1.00000000000000000001}') as Record<string, unknown>
    expect(convert([id, 1, 2, 3, 4])).toMatchObject({ json: undefined, field: 'deviceId' })
  })
})
