import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import type { HttpError } from '@weir/service'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chunksOf, encodingOf, tooLarge } from './body.ts'

const MOST = 1 << 20
let last: Promise<string>

/** Answers with the body's length and beginning, or with the refusal, as the door does. */
const server = createServer((request, response) => {
  const read = async (): Promise<string> => {
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of chunksOf(request, encodingOf(request), MOST)) {
      bytes += chunk.length
      if (bytes > MOST) throw tooLarge(MOST)
      chunks.push(chunk)
    }
    return `200 ${bytes} ${Buffer.concat(chunks).subarray(0, 5)}`
  }
  last = read().catch((error: HttpError) => `${error.statusCode} ${error.code}`)
  void last.then((text) => response.end(text))
})
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const port = () => (server.address() as AddressInfo).port
async function post(body: Buffer, encoding?: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port()}`, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: encoding ? { 'content-encoding': encoding } : {},
  })
  return response.text()
}

/**
 * A zstd frame of one raw block that asks for a window of 2^(10 + 17) bytes (RFC 8878, section 3.1.1.1.2).
 */
const WIDE = Buffer.concat([
  Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 17 << 3, (5 << 3) | 1, 0, 0]),
  Buffer.from('hello'),
])
const TEXT = Buffer.from('hello '.repeat(20_000))

test.each([
  ['identity', undefined, TEXT],
  ['gzip', 'gzip', gzipSync(TEXT)],
  ['GZIP', 'GZIP', gzipSync(TEXT)],
  ['zstd', 'zstd', zstdCompressSync(TEXT)],
  ['two gzip members', 'gzip', Buffer.concat([gzipSync(TEXT.subarray(0, 7)), gzipSync(TEXT.subarray(7))])],
  [
    'two zstd frames',
    'zstd',
    Buffer.concat([zstdCompressSync(TEXT.subarray(0, 7)), zstdCompressSync(TEXT.subarray(7))]),
  ],
])('a body is read: %s', async (_, encoding, body) => {
  expect(await post(body, encoding)).toBe('200 120000 hello')
})

test.each([
  ['another encoding', TEXT, 'br', '415 unsupported-encoding'],
  ['two encodings', gzipSync(gzipSync(TEXT)), 'gzip, gzip', '415 unsupported-encoding'],
  ['data that is not gzip', TEXT, 'gzip', '400 bad-encoding'],
  ['truncated gzip', gzipSync(TEXT).subarray(0, 100), 'gzip', '400 bad-encoding'],
  ['data that is not zstd', TEXT, 'zstd', '400 bad-encoding'],
  ['truncated zstd', zstdCompressSync(TEXT).subarray(0, 20), 'zstd', '400 bad-encoding'],
  [
    'a truncated second zstd frame',
    Buffer.concat([zstdCompressSync(TEXT), zstdCompressSync(TEXT).subarray(0, 20)]),
    'zstd',
    '400 bad-encoding',
  ],
  [
    'bytes after a zstd frame',
    Buffer.concat([zstdCompressSync(TEXT), Buffer.from('more')]),
    'zstd',
    '400 bad-encoding',
  ],
  ['zeros after a gzip member', Buffer.concat([gzipSync(TEXT), Buffer.alloc(9)]), 'gzip', '400 bad-encoding'],
  [
    'too many zstd frames',
    Buffer.concat(Array(10_001).fill(zstdCompressSync(''))),
    'zstd',
    '400 bad-encoding',
  ],
  ['a zstd window of 128 MiB', WIDE, 'zstd', '400 bad-encoding'],
  ['too many bytes', Buffer.alloc(MOST + 1), undefined, '413 too-large'],
])('a body is refused: %s', async (_, body, encoding, answer) => {
  expect(await post(body, encoding)).toBe(answer)
})

/** A gigabyte: inflating all of it takes seconds. */
test.each(['gzip', 'zstd'])(
  'a bomb of %s is read up to the limit only',
  async (encoding) => {
    const body = Buffer.concat(
      Array(128).fill((encoding === 'gzip' ? gzipSync : zstdCompressSync)(Buffer.alloc(8 << 20))),
    )
    const from = process.cpuUsage()
    expect(await post(body, encoding)).toBe('413 too-large')
    const { user, system } = process.cpuUsage(from)
    expect((user + system) / 1e6).toBeLessThan(1)
  },
  20_000,
)

test('a client that leaves ends the body', async () => {
  const socket = connect(port(), '127.0.0.1')
  socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\ncontent-encoding: gzip\r\n\r\n')
  socket.write(gzipSync(TEXT).subarray(0, 50), () => setTimeout(() => socket.destroy(), 50))
  const before = last
  while (last === before) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(await last).toBe('400 cut-off')
})
