/** Asks DynamoDB Local, and compares its answers with those of this package. */
import {
  type AttributeValue,
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import { servers } from '@weir/testkit'
import { expect } from 'vitest'
import { type Item, ItemError, type KeyType, readItem } from '../index.ts'

/** The texts of which DynamoDB Local says something else than the service. */
export const UNLIKE_THE_SERVICE: ReadonlySet<string> = new Set([
  // The service reserves this word as all others.
  'm.size = :n',
  // DynamoDB Local lists types that the service does not have, and in another order.
  'attribute_type(n, s)',
  'attribute_type(n, :X)',
  // DynamoDB Local does not take the largest index of the service.
  'l[7], m.x, a.b, l[4294967294]',
  // The service refuses these before it knows the table's key.
  'contains(a.d, b)',
  'a > size(b.d)',
  'b > a.b',
  'a.d > :a',
])
/** Error texts of DynamoDB Local that differ from the service's. */
const LOCAL_ENDINGS = /, typeSet: \w+$|(?<=^Query condition missed key schema element): .*$/

export type Outcome = { readonly value: unknown } | { readonly error: string }

export const P = { S: 'k' }

export async function openLocal(): Promise<DynamoDBClient> {
  const { url } = await servers.dynamodb()
  return new DynamoDBClient({
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  })
}

/** @param key the names and types of the partition key and the sort key */
export async function createTable(
  client: DynamoDBClient,
  name: string,
  key: Record<string, KeyType>,
): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: Object.keys(key).map((AttributeName, i) => ({
        AttributeName,
        KeyType: i === 0 ? 'HASH' : 'RANGE',
      })),
      AttributeDefinitions: Object.entries(key).map(([AttributeName, AttributeType]) => ({
        AttributeName,
        AttributeType,
      })),
    }),
  )
}

export const putItem = (client: DynamoDBClient, table: string, item: Item): Promise<unknown> =>
  client.send(new PutItemCommand({ TableName: table, Item: forClient(item) }))

/** The client's type of values has a member for types that it does not know. */
export const forClient = (item: Item): Record<string, AttributeValue> =>
  item as Record<string, AttributeValue>

/** The placeholders that a text has: unused ones are refused. */
export function used(text: string, all: Readonly<Record<string, unknown>>): Record<string, any> | undefined {
  const names = new Set(text.match(/[#:]\w+/g))
  const entries = Object.entries(all).filter(([name]) => names.has(name))
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

export function valuesFor(
  text: string,
  all: Readonly<Record<string, unknown>>,
): Record<string, AttributeValue> | undefined {
  const values = used(text, all)
  return values && forClient(readItem(values))
}

export async function theirs(send: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { value: normal(await send()) }
  } catch (error) {
    const { name, message } = error as Error
    if (name === 'ConditionalCheckFailedException') return { value: false }
    expect(name).toBe('ValidationException')
    return { error: message }
  }
}

export function ours(evaluate: () => unknown): Outcome {
  try {
    return { value: normal(evaluate()) }
  } catch (error) {
    if (!(error instanceof ItemError)) throw error
    return { error: error.message }
  }
}

/** Values with base64 for bytes, and with names and members of sets in order. */
export function normal(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) {
    const members = value.map(normal)
    return members.every((member) => typeof member === 'string') ? members.toSorted() : members
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([name, member]) => [name, normal(member)]))
}

export function expectAgreement(text: string, mine: Outcome, other: Outcome): void {
  if (UNLIKE_THE_SERVICE.has(text)) return
  const cut = (outcome: Outcome): Outcome =>
    'error' in outcome ? { error: outcome.error.replace(LOCAL_ENDINGS, '') } : outcome
  expect(cut(mine), text).toEqual(cut(other))
}

/** Both refuse, each in its own words, or both have the same value. */
export function expectSameValue(text: string, mine: Outcome, other: Outcome): void {
  const valueOf = (outcome: Outcome): unknown => ('error' in outcome ? 'refused' : outcome.value)
  expect(valueOf(mine), text).toEqual(valueOf(other))
}
