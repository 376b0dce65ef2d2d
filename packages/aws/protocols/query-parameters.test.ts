import { expect, test } from 'vitest'
import type { Model } from '../model.ts'
import { compile } from '../validate.ts'
import { formParameters, readerOf, treeOf } from './query-parameters.ts'

const model: Model = {
  service: 's',
  apiVersion: '1',
  protocol: 'query',
  operations: {},
  errors: {},
  shapes: {
    Input: {
      type: 'structure',
      members: {
        Name: 'Text',
        Count: 'Count',
        Rate: 'Rate',
        On: 'Flag',
        Data: 'Blob',
        At: 'Time',
        List: 'List',
        Named: 'NamedList',
        Flat: 'FlatList',
        FlatNamed: 'FlatNamedList',
        Map: 'Map',
        FlatMap: 'FlatMap',
        Renamed: 'Text',
        Inner: 'Input',
        Inners: 'Inners',
      },
      names: { Renamed: 'other' },
    },
    Text: { type: 'string' },
    Count: { type: 'integer' },
    Rate: { type: 'double' },
    Flag: { type: 'boolean' },
    Blob: { type: 'blob' },
    Time: { type: 'timestamp' },
    List: { type: 'list', member: 'Text' },
    NamedList: { type: 'list', member: 'Count', memberName: 'item' },
    FlatList: { type: 'list', member: 'Text', flattened: true },
    FlatNamedList: { type: 'list', member: 'Text', flattened: true, memberName: 'One' },
    Map: { type: 'map', key: 'Text', value: 'Text' },
    FlatMap: {
      type: 'map',
      key: 'Text',
      value: 'Count',
      flattened: true,
      keyName: 'Name',
      valueName: 'Value',
    },
    Inners: { type: 'list', member: 'Input' },
  },
}
const readInput = readerOf(model, 'Input')
const check = compile<Record<string, unknown>>(model, 'Input')
const read = (form: string): Record<string, unknown> =>
  check(readInput(treeOf(formParameters(Buffer.from(form)))))

test('single values are read as their types', () => {
  expect(
    read(
      'Action=Do&Name=a%20b%2B+c%C3%BC&Count=-7&Rate=1.5e2&On=true&Data=AP8%3D&At=2026-01-02T03:04:05Z&other=x&Unknown=1',
    ),
  ).toEqual({
    Name: 'a b+ cü',
    Count: -7,
    Rate: 150,
    On: true,
    Data: Buffer.from([0, 255]),
    At: new Date(Date.UTC(2026, 0, 2, 3, 4, 5)),
    Renamed: 'x',
  })
  expect(read('')).toEqual({})
  expect(read('&&Name&')).toEqual({ Name: '' })
})

test('lists, maps and structures are read', () => {
  expect(
    read(
      [
        'List.member.1=a&List.member.2=b',
        'Named.item.1=1',
        'Flat.1=x&Flat.2=y',
        'One.1=z',
        'Map.entry.1.key=k&Map.entry.1.value=v&Map.entry.2.key=__proto__&Map.entry.2.value=w',
        'FlatMap.1.Name=n&FlatMap.1.Value=7',
        'Inner.Inner.Name=deep',
        'Inners.member.1.Name=i&Inners.member.1.List.member.1=j',
      ].join('&'),
    ),
  ).toEqual({
    List: ['a', 'b'],
    Named: [1],
    Flat: ['x', 'y'],
    FlatNamed: ['z'],
    Map: Object.fromEntries([
      ['k', 'v'],
      ['__proto__', 'w'],
    ]),
    FlatMap: { n: 7 },
    Inner: { Inner: { Name: 'deep' } },
    Inners: [{ Name: 'i', List: ['j'] }],
  })
  expect(read('List=&Map=&Inner=')).toEqual({ List: [], Map: {}, Inner: {} })
})

test('positions may be in any order and have gaps, which take no memory', () => {
  expect(read('List.member.10=c&List.member.9=b&List.member.2=a')).toEqual({ List: ['a', 'b', 'c'] })
  expect(read('List.member.999999999=x')).toEqual({ List: ['x'] })
})

test.each([
  ['a position that is not a number', 'List.member.x=1', "'x' is not a position in 'List'"],
  ['position 0', 'List.member.0=1', 'is not a position'],
  ['a negative position', 'Flat.-1=1', 'is not a position'],
  ['a position with zeros before it', 'List.member.01=1', 'is not a position'],
  ['NaN', 'List.member.NaN=1', 'is not a position'],
  ['a position in another form', 'List.member.1e3=1', 'is not a position'],
  ['a position beyond all bounds', `List.member.${'9'.repeat(400)}=1`, 'is not a position'],
  ['a position without digits', 'List.member.=1', 'is not a position'],
  ['a parameter that is given twice', 'Name=a&Name=a', "The parameter 'Name' is given twice"],
  ['an item that is given twice', 'List.member.1=a&List.member.1=b', 'is given twice'],
  [
    'a key that is given twice',
    'FlatMap.1.Name=n&FlatMap.1.Value=1&FlatMap.2.Name=n&FlatMap.2.Value=2',
    "The key 'n' of 'FlatMap' is given twice",
  ],
  ['an entry without a value', 'Map.entry.1.key=k', "An entry of 'Map' needs key and value"],
  ['an entry that is a text', 'Map.entry.1=k', 'needs key and value'],
  ['a structure in the place of a text', 'Name.x=1', "The parameter 'Name' has the wrong form"],
  ['a text beside a structure', 'Name=a&Name.x=1', 'has the wrong form'],
  ['a text in the place of a list', 'List=a', 'has the wrong form'],
  ['a text in the place of items', 'List.member=a', 'has the wrong form'],
  ['a text in the place of a structure', 'Inner=a', 'has the wrong form'],
  ['a number that is none', 'Count=NaN', "'NaN' can not be converted to an Integer"],
  ['a number beyond all numbers', 'Rate=Infinity', 'can not be converted'],
  ['a date that is none', 'At=soon', 'can not be converted to a timestamp'],
  ['a flag that is none', 'On=maybe', 'can not be converted to an Boolean'],
  ['a blob that is none', 'Data=*', 'can not be converted to a Blob'],
  ['a broken encoding', 'Name=%zz', 'is not valid form encoding'],
  ['a broken character', 'Name=%C3', 'is not valid form encoding'],
  ['too many parameters', Array.from({ length: 10_001 }, (_, i) => `p${i}=`).join('&'), 'too complex'],
  [
    'too many parts of names',
    Array.from({ length: 9000 }, (_, i) => `p${i}.a.b.c.d.e=`).join('&'),
    'too complex',
  ],
  ['a name with too many parts', `${'Inner.'.repeat(64)}Name=x`, 'too complex'],
  ['a name of dots', `${'.'.repeat(60_000)}=x`, 'too complex'],
])('a wrong form is refused with the problem: %s', (_name, form, problem) => {
  const refused = expect.objectContaining({
    code: 'SerializationException',
    message: expect.stringContaining(problem),
  })
  expect(() => read(form)).toThrow(refused)
  try {
    read(form)
  } catch (error) {
    expect((error as Error).message.length).toBeLessThan(1200)
  }
})

test('bytes that are not UTF-8 are refused', () => {
  expect(() => formParameters(Buffer.from('Name=\xfc', 'latin1'))).toThrow('The form is not UTF-8')
})

test('the largest forms take little time', () => {
  const started = performance.now()
  for (const form of [
    'a=&'.repeat(20_000),
    `Name=${'%41'.repeat(20_000)}`,
    `${'.'.repeat(30_000)}=`,
    `Inner.${'Inner.'.repeat(60)}Name=x&`.repeat(100),
    Array.from({ length: 5000 }, (_, i) => `List.member.${5000 - i}=x`).join('&'),
  ]) {
    try {
      read(form)
    } catch {
      // Refused.
    }
  }
  expect(performance.now() - started).toBeLessThan(1000)
})

test('members of structures may come in any order, mixed with those of others', () => {
  expect(
    read(
      'Inners.member.1.Name=a&Inners.member.10.Name=j&Name=top&Inners.member.1.Count=1&Inners.member.10.Count=10' +
        '&Inner.Name=inner&Inners.member.2.Name=b&Inner.Inner.Name=deep&Inner.Count=3',
    ),
  ).toEqual({
    Name: 'top',
    Inner: { Name: 'inner', Count: 3, Inner: { Name: 'deep' } },
    Inners: [{ Name: 'a', Count: 1 }, { Name: 'b' }, { Name: 'j', Count: 10 }],
  })
})

test('a name that comes again after others is refused, and so is one that is too deep', () => {
  expect(() => read('Inner.Name=a&Inner.Count=1&Name=b&Inner.Name=c')).toThrow(
    "The parameter 'Inner.Name' is given twice",
  )
  expect(() => read('Name=a&Name=b')).toThrow("The parameter 'Name' is given twice")
  const inner = 'Inner.'.repeat(63)
  expect(() => treeOf(formParameters(Buffer.from(`${inner}Name=x`)))).not.toThrow()
  expect(() => treeOf(formParameters(Buffer.from(`Inner.${inner}Name=x`)))).toThrow(
    'The request is too complex',
  )
})

test('names with empty parts, and names that begin alike, are different names', () => {
  type Node = ReturnType<typeof treeOf>
  const plain = ({ text, children }: Node): unknown =>
    children === undefined
      ? text
      : Object.fromEntries([...children].map(([part, node]) => [part, plain(node)]))
  expect(plain(treeOf(formParameters(Buffer.from('a..b=1&a.b=2&a.=3&.a=4&ab.b=5&a..c=6&.=7'))))).toEqual({
    // The text of a name that goes on is left out here.
    a: { '': { b: '1', c: '6' }, b: '2' },
    '': { a: '4', '': '7' },
    ab: { b: '5' },
  })
})
