/** Items over HTTP in plain JSON, with optimistic concurrency: ETag, If-Match, If-None-Match. */
import type { TableAnswer } from '@weir/contracts'
import { encodeKey, type Item, ItemError, type Key, keyItem, readItem, readKey, toJson } from '@weir/items'
import { KafkaError } from '@weir/kafka'
import { type Access, HttpError, identify, mayRead, mayWrite } from '@weir/service'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { schemaOf, type Table } from '../tables/entries.ts'
import { revisionOf, WRONG_REVISION } from '../tables/operations.ts'
import { fromPlain, toPlain } from '../tables/plain-items.ts'
import { rangeOfTable } from '../tables/reading.ts'
import { type NewRequest, NoAnswer } from '../tables/requests.ts'
import type { Tables } from '../tables/tables.ts'

export interface ItemRoutesOptions {
  readonly tables: Tables
  readonly access: Access
}

const MAX_ITEM_BYTES = 512 << 10
const MAX_LISTED = 1000
const MAX_LISTED_BYTES = 1 << 20
const KEY = { type: 'string', minLength: 1, maxLength: 2048 } as const
const NAME = {
  type: 'object',
  properties: { table: { type: 'string', minLength: 3, maxLength: 255 } },
} as const
const ONE = {
  type: 'object',
  additionalProperties: false,
  required: ['key'],
  properties: { key: KEY, sort: KEY },
} as const
const LIST = {
  type: 'object',
  additionalProperties: false,
  properties: {
    limit: { type: 'integer', minimum: 1, maximum: MAX_LISTED, default: 100 },
    after: { type: 'string', pattern: '^[\\w-]{1,1400}$' },
  },
} as const

interface Named {
  readonly Params: { readonly table: string }
}

interface One extends Named {
  readonly Querystring: { readonly key: string; readonly sort?: string }
}

interface Listed extends Named {
  readonly Querystring: { readonly limit: number; readonly after?: string }
}

/** Who may read the topic `table.NAME` sees the items of a table, and who may write to it changes them. */
const topicOf = (table: string): string => `table.${table}`

export function itemRoutes(app: FastifyInstance, { tables, access }: ItemRoutesOptions): void {
  const { definitions, reading } = tables
  const reader = (request: FastifyRequest<Named>): void =>
    mayRead(identify(access, request, 'Basic'), topicOf(request.params.table))
  const writer = (request: FastifyRequest<Named>): void =>
    mayWrite(identify(access, request, 'Basic'), topicOf(request.params.table))
  const reads = (querystring: object) => ({
    schema: { params: NAME, querystring },
    onRequest: async (request: FastifyRequest<any>) => reader(request),
  })
  const writes = {
    schema: { params: NAME, querystring: ONE },
    bodyLimit: MAX_ITEM_BYTES,
    onRequest: async (request: FastifyRequest<any>) => writer(request),
  }
  const found = async (name: string): Promise<Table> => {
    if (!definitions.byName.has(name)) await definitions.catchUp()
    const table = definitions.byName.get(name)
    if (table === undefined)
      throw new HttpError(404, 'unknown-table', `There is no table "${name.slice(0, 255)}".`)
    return table
  }
  const send = async (
    request: FastifyRequest<One>,
    reply: FastifyReply,
    table: Table,
    key: Key,
    rest: Pick<NewRequest, 'operation' | 'input'>,
  ): Promise<unknown> => {
    const answer = await asked(tables.write(table, key, { ...rest, expected: expectedOf(request) }))
    if (answer.revision !== '') reply.header('etag', `"${answer.revision}"`)
    return reply.code(204).send()
  }

  app.get('/v1/tables', async (request, reply) => {
    const client = identify(access, request, 'Basic')
    await definitions.catchUp()
    const names = [...definitions.byName.keys()].filter((name) => client.mayRead(topicOf(name))).sort()
    return reply.header('cache-control', 'no-store').send({ tables: names })
  })

  app.get<Listed>('/v1/tables/:table/items', reads(LIST), async ({ params, query }, reply) => {
    const table = await found(params.table)
    const range = rangeOfTable(table.id)
    const after = query.after === undefined ? undefined : afterOf(query.after, range)
    const items: Record<string, unknown>[] = []
    let [bytes, last, more]: [number, Buffer | undefined, boolean] = [0, undefined, false]
    for (const one of reading.range(range, after && { after })) {
      more = items.length >= query.limit || bytes >= MAX_LISTED_BYTES
      if (more) break
      items.push({ item: toPlain(one.item), etag: `"${revisionOf(one)}"` })
      bytes += one.bytes
      last = Buffer.from(one.key)
    }
    return reply
      .header('cache-control', 'no-store')
      .send({ items, ...(more && { next: last!.toString('base64url') }) })
  })

  app.get<One>('/v1/tables/:table/item', reads(ONE), async ({ params, query }, reply) => {
    const table = await found(params.table)
    const key = checked(() => keyFrom(table, query))
    await asked(tables.settle(table, key.partition))
    const item = reading.get(encodeKey(table.id, key))
    if (item === undefined)
      throw new HttpError(404, 'unknown-item', `${table.name} does not have an item with this key.`)
    return reply
      .header('cache-control', 'no-store')
      .header('etag', `"${revisionOf(item)}"`)
      .send(toPlain(item.item))
  })

  app.put<One>('/v1/tables/:table/item', writes, async (request, reply) => {
    writer(request)
    const table = await found(request.params.table)
    const { key, item } = checked(() => itemFrom(table, request.query, request.body))
    return send(request, reply, table, key, {
      operation: 'put',
      input: JSON.stringify({ Item: toJson(item) }),
    })
  })

  app.delete<One>('/v1/tables/:table/item', writes, async (request, reply) => {
    writer(request)
    const table = await found(request.params.table)
    const key = checked(() => keyFrom(table, request.query))
    return send(request, reply, table, key, {
      operation: 'delete',
      input: JSON.stringify({ Key: toJson(keyItem(schemaOf(table), key)) }),
    })
  })
}

/** Throws 412 if the item has another revision, and what else the owner refuses. */
async function asked<T extends TableAnswer | void>(work: Promise<T>): Promise<T> {
  let answer: T
  try {
    answer = await work
  } catch (error) {
    if (error instanceof KafkaError || error instanceof NoAnswer)
      throw new HttpError(
        503,
        'unknown-outcome',
        `${error.message} The change may or may not have been made.`,
        {
          'retry-after': '1',
        },
      )
    throw error
  }
  if (answer === undefined || answer.code === null) return answer
  if (answer.code === WRONG_REVISION) throw new HttpError(412, 'wrong-revision', answer.message)
  throw new HttpError(answer.code === 'InternalServerError' ? 500 : 400, 'refused', answer.message)
}

function checked<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof ItemError) throw new HttpError(400, 'invalid', error.message)
    throw error
  }
}

/** The revision that the item must have; empty: there must be no item; null: any. */
function expectedOf({ headers }: FastifyRequest): string | null {
  const match = headers['if-match']
  if (headers['if-none-match'] !== undefined) {
    if (headers['if-none-match'] === '*' && match === undefined) return ''
    throw new HttpError(400, 'invalid', 'If-None-Match can only be *, and without If-Match.')
  }
  if (match === undefined) return null
  const [, revision] = /^"([0-9a-z]+-\d+)"$/.exec(match) ?? []
  if (revision === undefined) throw new HttpError(400, 'invalid', 'If-Match must be one ETag of an item.')
  return revision
}

function keyFrom(table: Table, query: One['Querystring']): Key {
  return readKey(schemaOf(table), readItem(keysFrom(table, query)))
}

function keysFrom(
  { partitionKey, sortKey, name }: Table,
  { key, sort }: One['Querystring'],
): Record<string, object> {
  if ((sort === undefined) !== (sortKey === null))
    throw new HttpError(
      400,
      'invalid',
      sortKey === null
        ? `${name} does not have a sort key; leave sort out.`
        : `${name} has the sort key ${sortKey.name}; add sort=.`,
    )
  const keys = { [partitionKey.name]: { [partitionKey.type]: key } }
  return sortKey === null ? keys : { ...keys, [sortKey.name]: { [sortKey.type]: sort } }
}

/** The body's key may be left out; it is that of the URL. */
function itemFrom(
  table: Table,
  query: One['Querystring'],
  body: unknown,
): { readonly key: Key; readonly item: Item } {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new HttpError(400, 'invalid', 'The body must be a JSON object.')
  const key = keyFrom(table, query)
  const keys = keyItem(schemaOf(table), key)
  const given = fromPlain(body as Record<string, unknown>)
  for (const name of Object.keys(keys))
    if (Object.hasOwn(given, name) && JSON.stringify(given[name]) !== JSON.stringify(toJson(keys)[name]))
      throw new HttpError(400, 'invalid', `The body has another ${name} than the URL.`)
  return { key, item: readItem({ ...given, ...keys }) }
}

function afterOf(text: string, { start, end }: { readonly start: Buffer; readonly end: Buffer }): Buffer {
  const key = Buffer.from(text, 'base64url')
  if (key.compare(start) <= 0 || key.compare(end) >= 0)
    throw new HttpError(400, 'invalid', 'after must be the value of next in an answer for this table.')
  return key
}
