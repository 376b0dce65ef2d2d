/** Schemas that together cover every type and combination, for the tests of encoders and decoders. */

import type { AvroSchema } from '@weir/contracts/avro.ts'
import { contractsOf, pathOf, readContract } from '@weir/contracts/load.ts'
import { topics } from '@weir/solutions'

export const record = (name: string, fields: readonly object[]): AvroSchema =>
  ({ type: 'record', name, namespace: 'test', fields }) as AvroSchema

const primitives = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string']
const colour = { type: 'enum', name: 'Colour', symbols: ['RED', 'GREEN', 'BLUE'] }

export const schemas: Readonly<Record<string, AvroSchema>> = {
  ...Object.fromEntries(contractsOf(topics).map((contract) => [pathOf(contract), readContract(contract)])),
  ...Object.fromEntries(primitives.map((type) => [type, type])),
  'all primitives': record(
    'Primitives',
    primitives.map((type) => ({ name: `a_${type}`, type })),
  ),
  fixed: record('Fixed', [
    { name: 'md5', type: { type: 'fixed', name: 'Md5', size: 16 } },
    { name: 'again', type: 'Md5' },
  ]),
  enum: record('Enum', [
    { name: 'colour', type: colour },
    { name: 'other', type: 'Colour' },
  ]),
  'many symbols': { type: 'enum', name: 'Many', symbols: Array.from({ length: 200 }, (_, i) => `S${i}`) },
  optional: record(
    'Optional',
    primitives.slice(1).map((type) => ({ name: `a_${type}`, type: ['null', type], default: null })),
  ),
  'optional, null last': record('OptionalLast', [
    { name: 'a', type: ['string', 'null'], default: 'x' },
    { name: 'b', type: [colour, 'null'], default: 'RED' },
  ]),
  'union of different kinds': record('Kinds', [
    {
      name: 'a',
      type: [
        'null',
        'boolean',
        'long',
        'string',
        'bytes',
        { type: 'array', items: 'int' },
        { type: 'map', values: 'int' },
      ],
    },
  ]),
  'union of numbers': record('Numbers', [
    { name: 'a', type: ['null', 'int', 'double'] },
    { name: 'b', type: ['string', colour] },
  ]),
  'union of records': {
    type: 'array',
    items: [record('A', [{ name: 'x', type: 'int' }]), record('B', [{ name: 'x', type: 'string' }]), 'null'],
  },
  lists: record('Lists', [
    { name: 'numbers', type: { type: 'array', items: 'double' } },
    { name: 'names', type: { type: 'array', items: 'string' } },
    { name: 'nested', type: { type: 'array', items: { type: 'array', items: ['null', 'string'] } } },
    { name: 'after', type: 'long' },
  ]),
  maps: record('Maps', [
    { name: 'counts', type: { type: 'map', values: 'long' } },
    {
      name: 'tables',
      type: { type: 'map', values: { type: 'map', values: { type: 'array', items: 'bytes' } } },
    },
    {
      name: 'places',
      type: {
        type: 'map',
        values: record('Place', [
          { name: 'lat', type: 'double' },
          { name: 'tags', type: { type: 'array', items: 'string' } },
        ]),
      },
    },
  ]),
  'empty record': record('Nothing', []),
  'list of nulls': { type: 'array', items: 'null' },
  'names of Object.prototype': record(
    'Names',
    ['constructor', 'toString', '__proto__', 'hasOwnProperty'].map((name) => ({ name, type: 'string' })),
  ),
  defaults: record('Defaults', [
    { name: 'a', type: 'int', default: 7 },
    { name: 'b', type: { type: 'array', items: 'string' }, default: ['x', 'y'] },
    { name: 'c', type: 'bytes', default: '\u00ff\u0000' },
    { name: 'd', type: { type: 'map', values: 'int' }, default: { k: 1 } },
    { name: 'e', type: record('Inner', [{ name: 'f', type: 'double' }]), default: { f: 1.5 } },
  ]),
  'logical types': record('Logical', [
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-micros' } },
    { name: 'day', type: { type: 'int', logicalType: 'date' } },
  ]),
}
