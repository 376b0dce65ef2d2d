import { expect, test } from 'vitest'
import type { Model } from '../model.ts'
import { element, escaped, writerOf } from './xml.ts'

const model: Model = {
  service: 's',
  apiVersion: '1',
  protocol: 'query',
  operations: {},
  errors: {},
  shapes: {
    Output: {
      type: 'structure',
      members: {
        Name: 'Text',
        Count: 'Count',
        On: 'Flag',
        Data: 'Blob',
        At: 'Time',
        List: 'List',
        Flat: 'FlatList',
        FlatNamed: 'FlatNamedList',
        Map: 'Map',
        FlatMap: 'FlatMap',
        Inner: 'Output',
        Renamed: 'Text',
      },
      names: { Renamed: 'other' },
    },
    Text: { type: 'string' },
    Count: { type: 'integer' },
    Flag: { type: 'boolean' },
    Blob: { type: 'blob' },
    Time: { type: 'timestamp' },
    List: { type: 'list', member: 'Text' },
    FlatList: { type: 'list', member: 'Text', flattened: true },
    FlatNamedList: { type: 'list', member: 'Text', flattened: true, memberName: 'One' },
    Map: { type: 'map', key: 'Text', value: 'Count' },
    FlatMap: { type: 'map', key: 'Text', value: 'Text', flattened: true, keyName: 'N', valueName: 'V' },
  },
}
const write = writerOf(model, 'Output')

test('every kind of value is written, and no member that the shape does not have', () => {
  expect(
    write({
      Name: 'a<b>&"c"',
      Count: -7,
      On: false,
      Data: Buffer.from([0, 255]),
      At: new Date(Date.UTC(2026, 0, 2)),
      Renamed: 'x',
      Unknown: 1,
      List: null,
    }),
  ).toBe(
    '<Name>a&lt;b&gt;&amp;&quot;c&quot;</Name><Count>-7</Count><On>false</On><Data>AP8=</Data><At>2026-01-02T00:00:00.000Z</At><other>x</other>',
  )
})

test('lists, maps and structures are written', () => {
  expect(
    write({
      List: ['a', ''],
      Flat: ['b', 'c'],
      FlatNamed: ['d'],
      Map: { k: 1, none: undefined },
      FlatMap: { k: 'v', l: 'w' },
      Inner: { List: [], Inner: {} },
    }),
  ).toBe(
    '<List><member>a</member><member/></List><Flat>b</Flat><Flat>c</Flat><One>d</One>' +
      '<Map><entry><key>k</key><value>1</value></entry></Map>' +
      '<FlatMap><N>k</N><V>v</V></FlatMap><FlatMap><N>l</N><V>w</V></FlatMap><Inner><List/><Inner/></Inner>',
  )
})

test('characters that XML cannot have are replaced', () => {
  expect(escaped('a\0b\u001fc\ud800d\uffffe😀\r\n\t')).toBe('a\ufffdb\ufffdc\ufffdd\ufffde😀&#xD;\n\t')
  expect(element('A', '')).toBe('<A/>')
})
