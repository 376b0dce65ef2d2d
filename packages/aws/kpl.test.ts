import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { deaggregate, type UserRecord } from './kpl.ts'

function varint(value: number): Buffer {
  const bytes = []
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value & 127) | 128)
  return Buffer.from([...bytes, value])
}

const delimited = (number: number, bytes: Buffer): Buffer =>
  Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes])
const index = (number: number, value: number): Buffer => Buffer.concat([varint(number << 3), varint(value)])
const sealed = (message: Buffer): Buffer =>
  Buffer.concat([Buffer.from('f3899ac2', 'hex'), message, createHash('md5').update(message).digest()])

function aggregate(records: readonly UserRecord[]): Buffer {
  const keys = [...new Set(records.map(({ partitionKey }) => partitionKey))]
  const hashKeys = [...new Set(records.flatMap(({ explicitHashKey = [] }) => explicitHashKey))]
  return sealed(
    Buffer.concat([
      ...keys.map((key) => delimited(1, Buffer.from(key))),
      ...hashKeys.map((key) => delimited(2, Buffer.from(key))),
      ...records.map(({ partitionKey, explicitHashKey, data }) =>
        delimited(
          3,
          Buffer.concat([
            index(1, keys.indexOf(partitionKey)),
            ...(explicitHashKey === undefined ? [] : [index(2, hashKeys.indexOf(explicitHashKey))]),
            delimited(3, data),
            // A tag, which is not used.
            delimited(4, delimited(1, Buffer.from('t'))),
          ]),
        ),
      ),
    ]),
  )
}

const RECORDS: UserRecord[] = [
  { partitionKey: 'ü', data: Buffer.from('one') },
  { partitionKey: 'b', explicitHashKey: '340282366920938463463374607431768211455', data: Buffer.alloc(0) },
  { partitionKey: 'ü', explicitHashKey: '0', data: Buffer.alloc(300, 7) },
]

test('aggregated records are split without being copied', () => {
  const value = aggregate(RECORDS)
  const found = deaggregate(value)!
  expect(found).toEqual(RECORDS)
  expect(found[2].data.buffer).toBe(value.buffer)
  expect(deaggregate(aggregate([]))).toEqual([])
})

test('a message that was made by hand from the description of the format is read', () => {
  const message = '0a0161 1a06 0800 1a02 6869'.replaceAll(' ', '')
  expect(deaggregate(sealed(Buffer.from(message, 'hex')))).toEqual([
    { partitionKey: 'a', data: Buffer.from('hi') },
  ])
})

test('any other value is an ordinary record', () => {
  const whole = aggregate(RECORDS)
  const damaged = Buffer.from(whole)
  damaged[10] ^= 1
  for (const value of [
    Buffer.alloc(0),
    Buffer.from('f3899ac2', 'hex'),
    Buffer.from('hello, this is a record like others'),
    damaged,
    whole.subarray(0, -1),
  ]) {
    expect(deaggregate(value)).toBeUndefined()
  }
  const malformed = [
    delimited(3, index(1, 0)),
    delimited(3, delimited(3, Buffer.from('x'))),
    delimited(3, Buffer.concat([index(1, 5), delimited(3, Buffer.from('x'))])),
    Buffer.concat([delimited(1, Buffer.from('a')), delimited(2, Buffer.from('-1'))]),
    Buffer.from('0aff', 'hex'),
    Buffer.from('0b', 'hex'),
    Buffer.from('02', 'hex'),
    Buffer.from('0affffffffffffffffffff01', 'hex'),
    Buffer.alloc(20, 0xff),
  ]
  for (const message of malformed)
    expect(deaggregate(sealed(message)), message.toString('hex')).toBeUndefined()
  expect(
    deaggregate(
      sealed(
        Buffer.concat([
          delimited(1, Buffer.from('a')),
          ...new Array<Buffer>(140_000).fill(Buffer.from('1a0408001a00', 'hex')),
        ]),
      ),
    ),
  ).toBeUndefined()
})
