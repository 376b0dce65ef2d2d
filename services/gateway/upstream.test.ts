/** Services that stop answering, and clients that do not read. */
import { once } from 'node:events'
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
} from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { setTimeout as pause } from 'node:timers/promises'
import { signatureHeaders } from '@weir/aws'
import { logger, openHttp } from '@weir/service'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { KEY, listen, type Server, startGateway } from './testing/gateway.ts'
import { openUpstream, Unanswered } from './upstream.ts'

const TARGET = { 'x-amz-target': 'Kinesis_20131202.ListStreams' }
const HTTP2_HEAD = { ':method': 'POST', ':path': '/', ...TARGET }
const CHUNK = Buffer.alloc(64 << 10)

let answer: RequestListener
let hub: Server
let gateway: Server

beforeAll(async () => {
  hub = await listen((request, response) => answer(request, response))
  gateway = await startGateway({ hub: hub.url, enricher: hub.url, pricing: hub.url, alerter: hub.url })
})
const open: { destroy(): void }[] = []
afterEach(() => {
  for (const one of open.splice(0)) one.destroy()
})
afterAll(async () => {
  await gateway.close()
  await hub.close()
})

function begin(headers: Readonly<Record<string, string>> = {}, method = 'POST'): ClientRequest {
  const request = httpRequest({
    host: '127.0.0.1',
    port: gateway.port,
    method,
    headers: { ...TARGET, ...headers },
  })
  request.on('error', () => {})
  open.push(request)
  return request
}

const responseOf = async (request: ClientRequest): Promise<IncomingMessage> => {
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return response.resume()
}

/** Writes for as long as the client reads, and counts the bytes that the kernel and the gateway took. */
function endless(): { readonly sent: () => number; readonly closed: Promise<unknown> } {
  let sent = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  answer = (request, response) => {
    request.resume()
    response.once('close', resolve)
    const write = (): void => {
      while (!response.destroyed) {
        sent += CHUNK.length
        if (!response.write(CHUNK)) break
      }
    }
    response.on('drain', write)
    write()
  }
  return { sent: () => sent, closed: promise }
}

/** Resolves with the number once it has stopped growing. */
async function settled(count: () => number): Promise<number> {
  for (let before = -1; before !== count(); await pause(200)) before = count()
  return count()
}

describe('an answer that the client does not read', () => {
  test('holds the service back, and the request ends when the client leaves', async () => {
    const { sent, closed } = endless()
    const request = begin()
    request.end()
    await once(request, 'response')
    // The buffers of three sockets, and nothing beyond them.
    expect(await settled(sent)).toBeLessThan(16 << 20)
    request.destroy()
    await closed
  })

  test('holds back its own stream only, over HTTP/2', async () => {
    const { sent, closed } = endless()
    const session = connectHttp2(gateway.url)
    open.push(session)
    const stream = session.request(HTTP2_HEAD)
    stream.end()
    await once(stream, 'response')
    expect(await settled(sent)).toBeLessThan(16 << 20)
    answer = (_request, response) => response.end('ok')
    const other = session.request(HTTP2_HEAD)
    other.end()
    expect(String((await other.toArray())[0])).toBe('ok')
    stream.close()
    await closed
  })
})

test('a body that the service does not read is not read from the client', async () => {
  answer = () => {}
  const request = begin()
  let sent = 0
  const write = (): void => {
    do sent += CHUNK.length
    while (request.write(CHUNK))
  }
  request.on('drain', write)
  write()
  expect(await settled(() => sent)).toBeLessThan(16 << 20)
})

test('events are passed on as they come', async () => {
  const sent: (() => void)[] = []
  answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' }).flushHeaders()
    sent.push(() => response.write('event'))
  }
  const request = begin()
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  for (const _ of [1, 2, 3]) {
    sent[0]()
    expect(String((await once(response, 'data'))[0])).toBe('event')
  }
})

test('a client that leaves before the answer ends the request', async () => {
  const gone = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  answer = (request) => {
    request.once('close', gone.resolve).resume()
    arrived.resolve()
  }
  const request = begin()
  request.end('{}')
  await arrived.promise
  request.destroy()
  await gone.promise
})

describe('an answer that breaks off is an error for the client', () => {
  beforeAll(() => {
    answer = (_request, response) => {
      response.write('half', () => response.destroy())
    }
  })

  test('over HTTP/1.1', async () => {
    const request = begin()
    request.end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    await expect(response.toArray()).rejects.toThrow('aborted')
  })

  test('over HTTP/2', async () => {
    const session = connectHttp2(gateway.url)
    open.push(session)
    const stream = session.request(HTTP2_HEAD)
    stream.end()
    await expect(stream.toArray()).rejects.toThrow('NGHTTP2_INTERNAL_ERROR')
  })
})

test('a service that breaks off before its answer is reported with 503', async () => {
  answer = (request) => request.destroy()
  const request = begin()
  request.end('{}')
  const response = await responseOf(request)
  expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '1'])
})

test('a service that does not answer fails with the reason silent', async () => {
  answer = (request) => void request.resume()
  const log = logger('silent')
  log.level = 'silent'
  const upstream = openUpstream({ name: 'ingest-hub', url: hub.url }, log)
  const failed = vi.fn()
  const server = await openHttp(
    { host: '127.0.0.1', port: 0 },
    {
      log,
      ready: {},
      routes: (app) => {
        app.post('/', (request, reply) => upstream.value.forward(request, reply, 300).catch(failed))
      },
    },
  )
  const request = httpRequest({ host: '127.0.0.1', port: server.value.port, method: 'POST' })
  request.on('error', () => {}).end()
  await vi.waitFor(() => expect(failed).toHaveBeenCalledWith(expect.any(Unanswered)), { timeout: 5000 })
  expect(failed.mock.calls[0][0].reason).toBe('silent')
  request.destroy()
  await Promise.all([server.stop(100), upstream.stop(0)])
})

test('a service that was started again is used again', async () => {
  const first = await listen((_request, response) => response.end('first'))
  const other = await startGateway({ hub: first.url, enricher: hub.url, pricing: hub.url, alerter: hub.url })
  const status = async (): Promise<number> =>
    (await fetch(other.url, { method: 'POST', headers: TARGET })).status
  expect(await status()).toBe(200)
  await first.close()
  expect(await status()).toBe(503)
  const second = await listen((_request, response) => response.end('second'), first.port)
  expect(await status()).toBe(200)
  await Promise.all([other.close(), second.close()])
})

test('clients without a known key leave places for one with a key', async () => {
  let held = 0
  answer = (request, response) => {
    request.resume()
    if (request.headers.authorization?.includes(KEY.accessKeyId)) response.end('ok')
    else held++
  }
  const strangers = Array.from({ length: 60 }, () =>
    begin({ authorization: 'AWS4-HMAC-SHA256 Credential=nobody' }),
  )
  const refused: number[] = []
  for (const request of strangers) {
    request.once('response', (response) => refused.push(response.statusCode!))
    request.end()
  }
  await expect.poll(() => held + refused.length).toBe(60)
  expect(refused.length).toBeGreaterThan(0)
  expect(new Set(refused)).toEqual(new Set([503]))
  const url = new URL(gateway.url)
  const headers = signatureHeaders(
    { method: 'POST', url, headers: TARGET, body: '{}' },
    KEY,
    'us-east-1',
    'kinesis',
  )
  expect((await fetch(url, { method: 'POST', headers, body: '{}' })).status).toBe(200)
})
