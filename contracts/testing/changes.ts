/**
 * Breaking and lawful changes to a published schema. Our own check and the real registry must judge each of
 * them alike.
 */
import type { AvroSchema } from '../avro.ts'

export interface Change {
  readonly name: string
  readonly old: AvroSchema
  readonly current: AvroSchema
  /** The sentences of our check, with the old schema called "version 1"; empty for a lawful change. */
  readonly sentences: readonly string[]
}

type Json = any
const POSITION = {
  type: 'record',
  name: 'Position',
  fields: [
    { name: 'lat', type: 'double' },
    { name: 'lon', type: 'double' },
  ],
}
const REPORT = {
  type: 'record',
  name: 'Report',
  namespace: 'weir.test',
  doc: 'Of a device in a vehicle.',
  fields: [
    { name: 'deviceId', type: 'string' },
    { name: 'tripId', type: ['null', 'string'], default: null },
    { name: 'position', type: POSITION },
    { name: 'speed', type: 'float' },
    { name: 'heading', type: ['null', 'float'], default: null },
    { name: 'occupied', type: 'boolean', default: false },
    { name: 'eventTime', type: { type: 'long', logicalType: 'timestamp-millis' } },
  ],
} as AvroSchema

function report(name: string, change: (schema: Json) => void, ...sentences: string[]): Change {
  const current = structuredClone(REPORT) as Json
  change(current)
  return { name, old: REPORT, current, sentences }
}

/** A change to a record with one field, for types that do not occur in the report. */
function field(name: string, old: unknown, current: unknown, ...sentences: string[]): Change {
  const schema = (type: unknown): AvroSchema =>
    ({ type: 'record', name: 'R', namespace: 'test', fields: [{ name: 'f', type }] }) as AvroSchema
  return { name, old: schema(old), current: schema(current), sentences }
}

const find = (schema: Json, name: string): Json => schema.fields.find((one: Json) => one.name === name)
const remove = (schema: Json, name: string): void => {
  schema.fields = schema.fields.filter((one: Json) => one.name !== name)
}
const symbols = (names: readonly string[], fallback?: string): object => ({
  type: 'enum',
  name: 'S',
  symbols: names,
  ...(fallback === undefined ? {} : { default: fallback }),
})

export const breakingChanges: readonly Change[] = [
  report(
    'a field is added without a default',
    (s) => s.fields.push({ name: 'colour', type: 'string' }),
    'Report.colour was added without a default, so data of version 1 cannot be read; give it a default.',
  ),
  report(
    'a field without a default is removed',
    (s) => remove(s, 'speed'),
    'Report.speed was removed, but readers of version 1 need it, because it did not have a default; keep the field.',
  ),
  report(
    'a field is renamed, even with an alias, since old readers do not know it',
    (s) => {
      Object.assign(find(s, 'speed'), { name: 'velocity', aliases: ['speed'] })
    },
    'Report.speed was removed, but readers of version 1 need it, because it did not have a default; keep the field.',
  ),
  report(
    'a type changes',
    (s) => {
      find(s, 'eventTime').type = 'string'
    },
    'Report.eventTime changed from long in version 1 to string; keep its type and add a new field with a default instead.',
  ),
  report(
    'a type changes deep inside',
    (s) => {
      find(s, 'position').type.fields[0].type = 'string'
    },
    'Report.position.lat changed from double in version 1 to string; keep its type and add a new field with a default instead.',
  ),
  report(
    'a type is widened, which old readers cannot follow',
    (s) => {
      find(s, 'speed').type = 'double'
    },
    'Report.speed changed from float in version 1 to double; keep its type and add a new field with a default instead.',
  ),
  report(
    'a type is narrowed, which old data does not fit',
    (s) => {
      find(s, 'position').type.fields[1].type = 'float'
    },
    'Report.position.lon changed from double in version 1 to float; keep its type and add a new field with a default instead.',
  ),
  report(
    'a field becomes optional, which old readers cannot follow',
    (s) => {
      find(s, 'speed').type = ['null', 'float']
    },
    'Report.speed can now be null, which readers of version 1 cannot read; add a new optional field instead.',
  ),
  report(
    'a field is no longer optional',
    (s) => {
      find(s, 'heading').type = 'float'
      delete find(s, 'heading').default
    },
    'Report.heading can no longer be null, as it is in data of version 1; keep that branch.',
  ),
  report(
    'an optional field gets another type',
    (s) => {
      find(s, 'tripId').type = ['null', 'int']
    },
    'Report.tripId can no longer be string, as it is in data of version 1; keep that branch.',
    'Report.tripId can now be int, which readers of version 1 cannot read; add a new optional field instead.',
  ),
  report(
    'a record gets another name',
    (s) => {
      find(s, 'position').type.name = 'Place'
    },
    'Report.position was called weir.test.Position in version 1 and is now called weir.test.Place; keep the name of a published type.',
  ),
  field(
    'a symbol is added to an enum without a default',
    symbols(['A']),
    symbols(['A', 'B']),
    'R.f gained the symbol B, which readers of version 1 do not know, and their enum does not have a default; add a new field instead.',
  ),
  field(
    'a symbol is removed from an enum without a default',
    symbols(['A', 'B']),
    symbols(['A']),
    'R.f lost the symbol B, which data of version 1 has; keep it, or give the enum a default.',
  ),
  field(
    'the items of a list change',
    { type: 'array', items: 'int' },
    { type: 'array', items: 'string' },
    'R.f[] changed from int in version 1 to string; keep its type and add a new field with a default instead.',
  ),
  field(
    'the values of a map change',
    { type: 'map', values: 'int' },
    { type: 'map', values: 'string' },
    'R.f{} changed from int in version 1 to string; keep its type and add a new field with a default instead.',
  ),
  field(
    'a fixed changes its size',
    { type: 'fixed', name: 'F', size: 4 },
    { type: 'fixed', name: 'F', size: 8 },
    'R.f changed from fixed test.F of 4 bytes in version 1 to fixed test.F of 8 bytes; keep its type and add a new field with a default instead.',
  ),
]

export const lawfulChanges: readonly Change[] = [
  report('a field with a default is added', (s) =>
    s.fields.push({ name: 'colour', type: ['null', 'string'], default: null }),
  ),
  report('a field with a default is removed', (s) => remove(s, 'occupied')),
  report('fields change places', (s) => s.fields.reverse()),
  report('docs change', (s) => {
    s.doc = 'Better words.'
  }),
  field(
    'symbols are added and removed in an enum with a default',
    symbols(['UNKNOWN', 'A'], 'UNKNOWN'),
    symbols(['UNKNOWN', 'B'], 'UNKNOWN'),
  ),
  field(
    'text becomes bytes, which are read as the same',
    { type: 'array', items: 'string' },
    { type: 'array', items: 'bytes' },
  ),
]
