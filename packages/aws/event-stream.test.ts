import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { encodeMessage, errorMessage, eventMessage, exceptionMessage } from './event-stream.ts'

/** Headers and payload; checks lengths and checksums. */
function read(message: Buffer): { headers: Record<string, string>; payload: Buffer } {
  expect(message.readUInt32BE(0)).toBe(message.length)
  expect(message.readUInt32BE(8)).toBe(crc32(message.subarray(0, 8)))
  expect(message.readUInt32BE(message.length - 4)).toBe(crc32(message.subarray(0, -4)))
  const end = 12 + message.readUInt32BE(4)
  const headers: Record<string, string> = {}
  for (let at = 12; at < end; ) {
    const name = message.toString('utf8', at + 1, at + 1 + message[at])
    at += 1 + message[at]
    expect(message[at]).toBe(7)
    const length = message.readUInt16BE(at + 1)
    headers[name] = message.toString('utf8', at + 3, at + 3 + length)
    at += 3 + length
  }
  return { headers, payload: message.subarray(end, -4) }
}

test("an empty message and a payload without headers are encoded as in AWS's examples", () => {
  expect(encodeMessage({}, Buffer.alloc(0)).toString('hex')).toBe('000000100000000005c248eb7d98c8ff')
  expect(encodeMessage({}, Buffer.from("{'foo':'bar'}")).toString('hex')).toBe(
    '0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936',
  )
})

test('events, exceptions and errors have their headers', () => {
  expect(
    read(eventMessage('SubscribeToShardEvent', 'application/x-amz-json-1.1', Buffer.from('{}'))),
  ).toEqual({
    headers: {
      ':event-type': 'SubscribeToShardEvent',
      ':content-type': 'application/x-amz-json-1.1',
      ':message-type': 'event',
    },
    payload: Buffer.from('{}'),
  })
  expect(
    read(exceptionMessage('ResourceInUseException', 'application/x-amz-cbor-1.1', Buffer.alloc(3))).headers,
  ).toEqual({
    ':exception-type': 'ResourceInUseException',
    ':content-type': 'application/x-amz-cbor-1.1',
    ':message-type': 'exception',
  })
  expect(read(errorMessage('Gone', 'ü'))).toEqual({
    headers: { ':error-code': 'Gone', ':error-message': 'ü', ':message-type': 'error' },
    payload: Buffer.alloc(0),
  })
})
