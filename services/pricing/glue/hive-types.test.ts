import { type AvroSchema, parseSchema, type RecordNode } from '@weir/contracts/avro.ts'
import { expect, test } from 'vitest'
import { columnsOf, hiveType } from './hive-types.ts'

const place = { type: 'record', name: 'Place', fields: [{ name: 'lat', type: 'double' }] }

test.each<[AvroSchema, string]>([
  ['long', 'bigint'],
  ['bytes', 'binary'],
  [['null', 'string'], 'string'],
  [['null', 'int', 'string'], 'uniontype<int,string>'],
  [{ type: 'array', items: place }, 'array<struct<lat:double>>'],
  [{ type: 'map', values: ['null', 'float'] }, 'map<string,float>'],
  [{ type: 'enum', name: 'E', symbols: ['A'] }, 'string'],
  [{ type: 'fixed', name: 'F', size: 4 }, 'binary'],
  [{ type: 'long', logicalType: 'timestamp-millis' }, 'bigint'],
])('%j is %s', (schema, expected) => expect(hiveType(parseSchema(schema))).toBe(expected))

test('fields are columns with their documentation', () => {
  const node = parseSchema({
    type: 'record',
    name: 'Ride',
    fields: [
      { name: 'from', type: place, doc: 'Where\n it begins.' },
      { name: 'id', type: 'string' },
    ],
  })
  expect(columnsOf(node as RecordNode)).toEqual([
    { Name: 'from', Type: 'struct<lat:double>', Comment: 'Where it begins.' },
    { Name: 'id', Type: 'string' },
  ])
})
