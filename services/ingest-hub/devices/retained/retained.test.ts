import type { DeviceSubscription, DeviceMessage as MessageRecord } from '@weir/contracts'
import { expect, test } from 'vitest'
import type { DeviceMessage } from '../message.ts'
import { feedOf } from './feed.ts'
import { RetainedStore } from './store.ts'

const record = (topic: string, changes: Partial<MessageRecord> = {}): MessageRecord => ({
  topic,
  payload: Buffer.from(topic),
  qos: 1,
  clientId: null,
  receivedAt: Date.now(),
  properties: null,
  retain: true,
  ...changes,
})
const message = (topic: string, bytes = 10): DeviceMessage => ({
  topic,
  payload: Buffer.alloc(bytes),
  qos: 1,
  clientId: undefined,
  principal: 'test',
  receivedAt: 0,
  properties: undefined,
  retain: true,
})
const subscription = (filter: string): DeviceSubscription => ({
  filter,
  qos: 1,
  noLocal: false,
  identifier: 0,
  retainAsPublished: false,
})

function filled(...topics: readonly string[]): RetainedStore {
  const store = new RetainedStore()
  for (const topic of topics) store.set(topic, record(topic))
  return store
}

const fed = (store: RetainedStore, ...filters: readonly string[]): string[] =>
  [...feedOf(store, filters.map(subscription), 'client')].flatMap((one) => one?.message.topic ?? [])

test('subscriptions get what matches them, once', () => {
  const store = filled('a/1', 'a/2', 'b', '$own/1')
  expect(fed(store, 'a/1')).toEqual(['a/1'])
  expect(fed(store, 'a/+', 'a/1')).toEqual(['a/1', 'a/2'])
  expect(fed(store, '#')).toEqual(['a/1', 'a/2', 'b'])
  expect(fed(store, 'c')).toEqual([])
})

test('a message that was deleted or has expired is not retained', () => {
  const store = filled('a', 'b')
  store.set('a', null)
  store.set('c', record('c', { properties: '{"messageExpiryInterval":60}', receivedAt: Date.now() - 61_000 }))
  expect(fed(store, '#')).toEqual(['b'])
  expect(store.size).toBe(1)
})

test('messages are bounded in number and bytes; those that are there can be replaced', () => {
  const store = filled(...Array.from({ length: 10_001 }, (_, i) => String(i)))
  expect(store.size).toBe(10_000)
  expect(store.hasRoomFor(message('new'))).toBe(false)
  expect(store.hasRoomFor(message('7'))).toBe(true)
  expect(store.hasRoomFor(message('new', 0))).toBe(true)
  const large = new RetainedStore()
  for (let i = 0; i < 200; i++) large.set(String(i), record(String(i), { payload: Buffer.alloc(128 << 10) }))
  expect(large.size).toBe(127)
  expect(large.hasRoomFor(message('new', 128 << 10))).toBe(false)
})

test('a message that has expired gives room to another', () => {
  const store = filled(...Array.from({ length: 9999 }, (_, i) => String(i)))
  const expiring = { properties: '{"messageExpiryInterval":1}', receivedAt: Date.now() - 990 }
  store.set('short', record('short', expiring))
  expect(store.size).toBe(10_000)
  return expect.poll(() => store.hasRoomFor(message('new')), { timeout: 3000 }).toBe(true)
})

test('a search over many topics gives other work its turn', () => {
  const store = filled(...Array.from({ length: 2000 }, (_, i) => `a/${i}`))
  const turns = [...feedOf(store, [subscription('b/+')], 'client')]
  expect(turns).toEqual([undefined, undefined, undefined, undefined])
})
