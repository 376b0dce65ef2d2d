import type { DeviceSession } from '@weir/contracts'
import { expect, test } from 'vitest'
import type { StoredMessage } from './messages.ts'
import { Session } from './session.ts'
import { SessionTable, subscriptionProblem } from './table.ts'

const record = (
  clientId: string,
  filters: readonly string[],
  changes: Partial<DeviceSession> = {},
): DeviceSession => ({
  clientId,
  principal: 'fleet',
  epoch: 1,
  connection: 'one',
  connected: true,
  expirySeconds: 60,
  seenAt: 0,
  subscriptions: filters.map((filter) => ({
    filter,
    qos: 1,
    noLocal: false,
    identifier: 0,
    retainAsPublished: false,
  })),
  positions: [],
  ...changes,
})
const message = (offset: number): StoredMessage => ({
  topic: 'a',
  payload: Buffer.from(String(offset)),
  qos: 1,
  clientId: null,
  receivedAt: 0,
  properties: undefined,
  retain: false,
})

/** A log of one partition whose messages all go to the session. */
function open(receiveMaximum: number, changes: Partial<DeviceSession> = {}) {
  const table = new SessionTable()
  const own = record('one', ['a'], changes)
  table.set(own)
  const by = table.receivers('a', 0).get('one')!
  const got: number[] = []
  const ids: number[] = []
  const reads: number[] = []
  let end = 0
  const sink = {
    receiveMaximum,
    hasRoom: true,
    send(sent: StoredMessage, _qos: number, _identifiers: readonly number[], messageId: number) {
      got.push(Number(sent.payload))
      ids.push(messageId)
      return true
    },
    takenOver() {},
  }
  const session: Session = new Session(
    own,
    sink,
    1,
    (_session, _partition, offset) => reads.push(offset),
    () => end,
  )
  return {
    session,
    got,
    reads,
    sink,
    publish: () => session.arrived(message(end), by, 0, end++),
    acknowledge: () => session.acknowledged(ids.shift()!),
    /** Reads as the reader of the log does. */
    read: () => {
      let offset = reads.pop()!
      while (offset < end && session.caughtUp(message(offset), by, 0, offset)) offset++
      session.readTo(0, offset, offset >= end)
    },
  }
}

test('a session whose client does not acknowledge falls behind, reads the log, and is at its end again', () => {
  const { session, got, reads, publish, acknowledge, read } = open(4)
  for (let i = 0; i < 10; i++) publish()
  expect(got).toEqual([0, 1, 2, 3])
  expect(session.positions()).toEqual([0])
  acknowledge()
  expect(reads).toEqual([])
  acknowledge()
  expect(reads).toEqual([4])
  expect(session.positions()).toEqual([2])
  read()
  expect(got).toEqual([0, 1, 2, 3, 4, 5])
  while (got.length < 10) {
    acknowledge()
    if (reads.length > 0) read()
  }
  for (let i = 0; i < 4; i++) acknowledge()
  if (reads.length > 0) read()
  publish()
  expect(got).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  expect(session.positions()).toEqual([10])
})

test('a session that was away begins where its record says', () => {
  const { session, reads, publish, got } = open(4, { positions: [7] })
  publish()
  expect(got).toEqual([])
  session.resume()
  expect(reads).toEqual([7])
  expect(session.positions()).toEqual([7])
})

test('a client that does not read is behind, though its window has room', () => {
  const { publish, got, sink, session, reads } = open(100)
  publish()
  sink.hasRoom = false
  publish()
  sink.hasRoom = true
  session.resume()
  expect([got, reads]).toEqual([[0], [1]])
})

test('the members of a shared subscription take turns, and those who are connected come first', () => {
  const table = new SessionTable()
  for (const clientId of ['a', 'b', 'c'])
    table.set(record(clientId, ['$share/crew/x/#'], { connected: clientId !== 'b' }))
  table.set(record('d', ['x/+', 'x/1']))
  const chosen = (turn: number): string[] => [...table.receivers('x/1', turn).keys()].toSorted()
  expect([chosen(0), chosen(1), chosen(2)]).toEqual([
    ['a', 'd'],
    ['c', 'd'],
    ['a', 'd'],
  ])
  expect(table.receivers('x/1', 0).get('d')).toHaveLength(2)
  for (const clientId of ['a', 'b', 'c', 'd']) table.delete(clientId)
  expect(table.isWanted('x/1')).toBe(false)
})

test('a shared subscription has a group and a filter', () => {
  for (const filter of ['a/#', '$share/g/a/#', '$shared', '+'])
    expect(subscriptionProblem(filter)).toBeUndefined()
  for (const filter of ['$share', '$share/g', '$share//a', '$share/+/a', '$share/g/a#', 'a#', ''])
    expect(subscriptionProblem(filter), filter).toBeDefined()
})
