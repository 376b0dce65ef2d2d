/** The codec of a changelog that only a test has. */
import type { Codec } from '@weir/codec'
import { compileEncoder } from '@weir/codec/avro/encode.ts'
import { createReader } from '@weir/codec/reader.ts'
import { registryAt } from '@weir/codec/registry.ts'
import { Schemas } from '@weir/codec/schemas.ts'
import { createWriter } from '@weir/codec/writer.ts'
import { parseSchema } from '@weir/contracts/avro.ts'

export interface Totals {
  count: number
  sum: number
  max: number
}

const long = (name: string) => ({ name, type: 'long' })
const time = (name: string) => ({ name, type: ['null', 'long'], default: null })
export const TOTALS_STATE = {
  type: 'record',
  name: 'TotalsState',
  fields: [
    {
      name: 'windows',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'TotalsWindow',
          fields: [
            long('startMs'),
            long('endMs'),
            long('revision'),
            {
              name: 'acc',
              type: { type: 'record', name: 'Totals', fields: [long('count'), long('sum'), long('max')] },
            },
          ],
        },
      },
    },
    time('watermarkMs'),
  ],
}

const waiting = (side: string) => ({
  name: side,
  type: {
    type: 'array',
    items: {
      type: 'record',
      name: `Waiting_${side}`,
      fields: [long('timeMs'), { name: 'value', type: 'string' }, { name: 'hasMet', type: 'boolean' }],
    },
  },
})
export const JOIN_STATE = {
  type: 'record',
  name: 'TextsState',
  fields: [waiting('left'), waiting('right'), time('leftMs'), time('rightMs')],
}

const list = (name: string, ...fields: object[]) => ({
  name,
  type: {
    type: 'array',
    items: { type: 'record', name: `One_${name}`, fields: [long('timeMs'), ...fields] },
  },
})
export const TABLE_JOIN_STATE = {
  type: 'record',
  name: 'TableTextsState',
  fields: [
    list('rows', long('sinceMs'), { name: 'value', type: ['null', 'string'] }),
    list('waiting', { name: 'value', type: 'string' }),
    ...['dueMs', 'streamMs', 'tableMs'].map(time),
  ],
}

/** Registers the schema, and returns a codec that takes every topic for one with it. */
export async function stateCodec(registry: string, topic: string, type: object): Promise<Codec> {
  const answer = await fetch(`${registry}/subjects/${topic}-value/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: JSON.stringify(type) }),
  })
  if (!answer.ok) throw new Error(`The registry answered ${answer.status}: ${await answer.text()}`)
  const { id } = (await answer.json()) as { id: number }
  const schemas = new Schemas(registryAt(registry, 5000, topic))
  const schema = parseSchema(type as never)
  return {
    writer: async () => createWriter(topic, id, compileEncoder(schema)),
    reader: async () => createReader(topic, schema, schemas),
    resolve: (schemaId) => schemas.resolve(schemaId),
  } as Codec
}
