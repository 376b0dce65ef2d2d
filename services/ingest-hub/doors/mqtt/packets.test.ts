import { generate } from 'mqtt-packet'
import { expect, test } from 'vitest'
import { Frames } from './frames.ts'
import { PacketReader } from './packets.ts'

const publish = (payload: Buffer, properties = {}): Buffer =>
  generate(
    { cmd: 'publish', topic: 'a/b', payload, qos: 1, messageId: 7, dup: false, retain: false, properties },
    { protocolVersion: 5 },
  )

/** A reader that has read the CONNECT of a client of MQTT 5. */
function readerOf5(): PacketReader {
  const reader = new PacketReader()
  reader.read(generate({ cmd: 'connect', protocolVersion: 5, clientId: 'c', clean: true }))
  reader.version = 5
  return reader
}

/** All packets of the stream, which arrives in chunks of `size` bytes. */
function framesOf(stream: Buffer, size: number): Buffer[] {
  const frames = new Frames()
  const found: Buffer[] = []
  for (let at = 0; at < stream.length; at += size) {
    frames.push(Buffer.from(stream.subarray(at, at + size)))
    while (frames.next(1 << 20)) found.push(frames.bytes.subarray(frames.start, frames.end))
  }
  return found
}

test('packets are found in chunks of any size', () => {
  const packets = [0, 1, 100, 127, 128, 16_384, 70_000].map((length) => publish(Buffer.alloc(length, length)))
  const stream = Buffer.concat([...packets, Buffer.from([0xc0, 0]), ...packets])
  for (const size of [1, 2, 3, 5, 64, 1000, 65_536, stream.length])
    expect(Buffer.concat(framesOf(stream, size)).equals(stream), `chunks of ${size}`).toBe(true)
  expect(framesOf(stream, 1000)).toHaveLength(15)
})

test('a packet is refused by its length, before it arrives', () => {
  const frames = new Frames()
  frames.push(publish(Buffer.alloc(1000)).subarray(0, 4))
  expect(() => frames.next(500)).toThrow('A packet may have at most 500 bytes here.')
})

test('a PUBLISH is the same whether mqtt-packet reads it or not', () => {
  const reader = readerOf5()
  const plain = reader.read(publish(Buffer.from('x')))
  const other = reader.read(publish(Buffer.from('x'), { contentType: 'text/plain' }))
  expect(plain).toMatchObject({
    cmd: 'publish',
    topic: 'a/b',
    qos: 1,
    messageId: 7,
    dup: false,
    retain: false,
  })
  expect(other).toMatchObject({ ...plain, properties: { contentType: 'text/plain' } })
  expect(String((other as { payload: Buffer }).payload)).toBe('x')
})

test('a property that appears twice is refused, except user properties', () => {
  const reader = readerOf5()
  const userProperties = { a: ['1', '2'], b: '3' }
  expect(reader.read(publish(Buffer.alloc(0), { userProperties }))).toMatchObject({
    properties: { userProperties },
  })
  const twice = Buffer.from([0x30, 12, 0, 1, 0x61, 8, 0x03, 0, 1, 0x61, 0x03, 0, 1, 0x61])
  expect(() => reader.read(twice)).toThrow('The property contentType may appear only once.')
})
