/** Requests and responses, with receivers that behave well, badly, or as attackers. */
import type { IncomingMessage } from 'node:http'
import { type AddressInfo, Server } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { client, ok, receive, receiveRaw } from './testing/receivers.ts'

const textOf = async (request: IncomingMessage): Promise<string> => {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text
}

/** Answers with what it has received, as JSON. */
const mirror = () =>
  receive(async (request, response) => {
    const { method, url, headers } = request
    response.end(JSON.stringify({ method, url, headers, body: await textOf(request) }))
  })

test('method, path, query string, headers and body arrive as they were given', async () => {
  const { port } = await mirror()
  const { status, headers, body, remoteAddress } = await client('127.0.0.1')(
    `http://127.0.0.1:${port}/a/b?c=d`,
    {
      method: 'POST',
      headers: { 'Content-Type': 'text/plain', 'x-amz-sns-message-type': 'Notification' },
      body: 'Grüße',
    },
  )
  expect(status).toBe(200)
  expect(remoteAddress).toBe('127.0.0.1')
  expect(headers['content-length']).toBe(String(body.length))
  expect(JSON.parse(body.toString())).toEqual({
    method: 'POST',
    url: '/a/b?c=d',
    headers: {
      host: `127.0.0.1:${port}`,
      connection: 'keep-alive',
      'content-type': 'text/plain',
      'content-length': '7',
      'x-amz-sns-message-type': 'Notification',
    },
    body: 'Grüße',
  })
})

test('credentials of the URL are sent as basic authentication, unless a header has others', async () => {
  const { port } = await mirror()
  const send = client('127.0.0.1')
  const authorization = async (headers?: Record<string, string>): Promise<string> => {
    const { body } = await send(`http://Aladdin:open%20sesame@127.0.0.1:${port}/`, { headers })
    return JSON.parse(body.toString()).headers.authorization
  }
  expect(await authorization()).toBe('Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==')
  expect(await authorization({ Authorization: 'Bearer x' })).toBe('Bearer x')
})

test.each([
  ['Host', 'other.example'],
  ['content-length', '3'],
  ['Transfer-Encoding', 'chunked'],
  ['connection', 'upgrade'],
  ['upgrade', 'websocket'],
  ['expect', '100-continue'],
  ['te', 'trailers'],
  ['x y', '1'],
  ['x-a', 'sesame\r\nx-b: 1'],
  ['x-a', 'sesame\n'],
  ['x-a', 'sesame☃'],
  ['', '1'],
])('the header %s is refused', async (name, value) => {
  const receiver = await mirror()
  const failed = client('127.0.0.1')(`http://127.0.0.1:${receiver.port}/`, { headers: { [name]: value } })
  await expect(failed).rejects.toMatchObject({ code: 'invalid-request', retriable: false })
  await expect(failed).rejects.not.toThrow('sesame')
  expect(receiver.sockets).toHaveLength(0)
})

test('a method that is not one of requests is refused', async () => {
  const failed = client('127.0.0.1')('http://127.0.0.1:8080/', { method: 'CONNECT' as 'GET' })
  await expect(failed).rejects.toMatchObject({ code: 'invalid-request' })
})

test('a response with any status is a response', async () => {
  const { port } = await receive((request, response) =>
    response.writeHead(Number(request.url!.slice(1))).end(),
  )
  const send = client('127.0.0.1')
  for (const status of [204, 304, 400, 401, 500, 503])
    expect((await send(`http://127.0.0.1:${port}/${status}`)).status).toBe(status)
})

test('headers that are named like members of objects, and repeated ones, are read', async () => {
  const { port } = await receiveRaw((socket) =>
    socket.once('data', () =>
      socket.write(ok('', 'Constructor: a\r\n__proto__: b\r\nSet-Cookie: 1\r\nset-cookie: 2\r\n')),
    ),
  )
  const { headers } = await client('127.0.0.1')(`http://127.0.0.1:${port}/`)
  expect(Object.entries(headers)).toEqual([
    ['content-length', '0'],
    ['constructor', 'a'],
    ['__proto__', 'b'],
    ['set-cookie', ['1', '2']],
  ])
})

test('early responses are skipped', async () => {
  const { port } = await receiveRaw((socket) =>
    socket.once('data', () => socket.write(`HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${ok('end')}`)),
  )
  const { status, body } = await client('127.0.0.1')(`http://127.0.0.1:${port}/`)
  expect([status, body.toString()]).toEqual([200, 'end'])
})

test('a body is not decompressed', async () => {
  const bomb = gzipSync(Buffer.alloc(10 << 20))
  const { port } = await receive((_request, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
  )
  const { body } = await client('127.0.0.1')(`http://127.0.0.1:${port}/`)
  expect(body.equals(bomb)).toBe(true)
})

test('a body is cut at its limit, and the connection is used again if little is left', async () => {
  const receiver = await receive((_request, response) => response.end('x'.repeat(20_000)))
  const send = client('127.0.0.1')
  for (const maxResponseBytes of [0, 1, 1000, 19_999, 20_000, 20_001]) {
    const { body } = await send(`http://127.0.0.1:${receiver.port}/`, { maxResponseBytes })
    expect(body.length).toBe(Math.min(maxResponseBytes, 20_000))
  }
  expect(receiver.sockets).toHaveLength(1)
})

test('of an endless body, the beginning is the response, and the connection is closed', async () => {
  const receiver = await receive((_request, response) => {
    const more = (): void => {
      while (response.write('x'.repeat(16_384)));
    }
    response.on('drain', more)
    more()
  })
  const { body } = await client('127.0.0.1')(`http://127.0.0.1:${receiver.port}/`, { maxResponseBytes: 1000 })
  expect(body.toString()).toBe('x'.repeat(1000))
  await expect.poll(() => receiver.sockets[0]!.destroyed).toBe(true)
})

test('a response that trickles beyond its limit keeps its connection no longer than the timeout', async () => {
  const receiver = await receive((_request, response) => response.write('xx'))
  const send = client('127.0.0.1')
  const { body } = await send(`http://127.0.0.1:${receiver.port}/`, { maxResponseBytes: 1, timeoutMs: 300 })
  expect(body.toString()).toBe('x')
  await expect.poll(() => receiver.sockets[0]!.destroyed).toBe(true)
})

/** Each of them sends something before any timeout between two chunks is over. */
test.each([
  ['says nothing', ''],
  ['sends a status line without an end', 'HTTP/1.1 200 '],
  ['sends headers without an end', 'HTTP/1.1 200 OK\r\nx: '],
  ['sends early responses without an end', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
  ['sends a body without an end', 'HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n'],
])('a receiver that %s is given up at the timeout', async (_name, first) => {
  const receiver = await receiveRaw((socket) => {
    socket.write(first)
    const timer = setInterval(() => socket.write(first.includes('103') ? first : 'x'), 20)
    if (first === '') clearInterval(timer)
    socket.on('close', () => clearInterval(timer))
  })
  const from = performance.now()
  const failed = client('127.0.0.1')(`http://127.0.0.1:${receiver.port}/?token=sesame`, { timeoutMs: 300 })
  await expect(failed).rejects.toMatchObject({
    code: 'timeout',
    retriable: true,
    what: `The request to http://127.0.0.1:${receiver.port} did not end within 300 ms: the response was not complete.`,
  })
  expect(performance.now() - from).toBeLessThan(2000)
  await expect.poll(() => receiver.sockets[0]!.destroyed).toBe(true)
})

test.each([
  ['one long header', `x: ${'y'.repeat(20_000)}\r\n`],
  ['many headers', 'x: yyyyyyyyyy\r\n'.repeat(2000)],
  ['long trailers', `transfer-encoding: chunked\r\n\r\n0\r\nx: ${'y'.repeat(20_000)}\r\n`],
])('%s of more than 16 KiB fail the request', async (_name, headers) => {
  const { port } = await receiveRaw((socket) =>
    socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\n${headers}\r\n`)),
  )
  await expect(client('127.0.0.1')(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({
    code: 'bad-response',
    what: `The response of http://127.0.0.1:${port} cannot be read (UND_ERR_HEADERS_OVERFLOW).`,
  })
})

test.each([
  'SSH-2.0-OpenSSH_9.6\r\n',
  'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n',
  'HTTP/1.1 999999 OK\r\n\r\n',
  'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nsesame\r\n',
])('%j is not a response', async (text) => {
  const { port } = await receiveRaw((socket) => socket.once('data', () => socket.write(text)))
  const failed = client('127.0.0.1')(`http://127.0.0.1:${port}/`)
  await expect(failed).rejects.toMatchObject({ code: 'bad-response', retriable: true })
  await expect(failed).rejects.not.toThrow('sesame')
})

test.each([
  ['before the response', ''],
  ['in the headers', 'HTTP/1.1 200 OK\r\n'],
  ['in the body', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nx'],
  [
    'after a change of the protocol',
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
  ],
])('a connection that ends %s is a failure that can pass', async (_name, text) => {
  const { port } = await receiveRaw((socket) => socket.once('data', () => socket.end(text)))
  await expect(client('127.0.0.1')(`http://127.0.0.1:${port}/`, { method: 'POST' })).rejects.toMatchObject({
    code: 'reset',
    retriable: true,
  })
})

test('a port where nothing listens is a failure that can pass', async () => {
  const { port } = await new Promise<{ port: number }>((resolve) => {
    const server = new Server()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address() as AddressInfo
      server.close(() => resolve(address))
    })
  })
  await expect(client('127.0.0.1')(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({
    code: 'connect',
    retriable: true,
    what: `No connection to http://127.0.0.1:${port} could be opened (ECONNREFUSED).`,
  })
})

test('a signal ends a request that waits, and one that has not begun', async () => {
  const receiver = await receiveRaw(() => {})
  const send = client('127.0.0.1')
  const stop = new AbortController()
  const waits = send(`http://127.0.0.1:${receiver.port}/`, { signal: stop.signal })
  await expect.poll(() => receiver.sockets.length).toBe(1)
  stop.abort(new Error('No longer wanted.'))
  await expect(waits).rejects.toThrow('No longer wanted.')
  await expect.poll(() => receiver.sockets[0]!.destroyed).toBe(true)
  await expect(send(`http://127.0.0.1:${receiver.port}/`, { signal: stop.signal })).rejects.toThrow(
    'No longer wanted.',
  )
  expect(receiver.sockets).toHaveLength(1)
})

test('redirects are followed as often as asked, and the next one is the response', async () => {
  const { port } = await receive((request, response) =>
    response.writeHead(302, { location: `${Number(request.url!.slice(1)) + 1}` }).end(),
  )
  const send = client('127.0.0.1')
  for (const maxRedirects of [0, 1, 5]) {
    const { status, headers } = await send(`http://127.0.0.1:${port}/0`, { maxRedirects })
    expect([status, headers.location]).toEqual([302, String(maxRedirects + 1)])
  }
})

/** The methods that follow from https://fetch.spec.whatwg.org/#http-redirect-fetch. */
test.each([
  [301, 'POST', 'GET'],
  [302, 'POST', 'GET'],
  [303, 'POST', 'GET'],
  [303, 'PUT', 'GET'],
  [301, 'PUT', 'PUT'],
  [307, 'POST', 'POST'],
  [308, 'PUT', 'PUT'],
  [303, 'HEAD', 'HEAD'],
] as const)('a redirect with %i after %s is followed with %s', async (status, method, then) => {
  const seen: unknown[] = []
  const { port } = await receive(async (request, response) => {
    const { 'content-type': type, 'x-own': own } = request.headers
    seen.push([request.method, await textOf(request), type, own])
    if (request.url === '/') response.writeHead(status, { location: '/next' })
    response.end()
  })
  const body = method === 'HEAD' ? undefined : 'text'
  const headers = { 'Content-Type': 'text/plain', 'x-own': '1' }
  await client('127.0.0.1')(`http://127.0.0.1:${port}/`, { method, body, headers, maxRedirects: 1 })
  expect(seen[1]).toEqual(
    then === method ? [method, body ?? '', 'text/plain', '1'] : [then, '', undefined, '1'],
  )
})

test('credentials follow a redirect within the origin, and not to another one', async () => {
  const other = await mirror()
  const { port } = await receive((request, response) => {
    const location = request.url === '/away' ? `http://127.0.0.1:${other.port}/` : '/end'
    if (request.url === '/end') response.end(JSON.stringify({ headers: request.headers }))
    else response.writeHead(307, { location }).end()
  })
  const headersAfter = async (path: string): Promise<Record<string, string>> => {
    const { body } = await client('127.0.0.1')(`http://127.0.0.1:${port}${path}`, {
      headers: { Authorization: 'Bearer x', cookie: 'a=b', 'x-own': '1' },
      maxRedirects: 1,
    })
    return JSON.parse(body.toString()).headers
  }
  expect(await headersAfter('/within')).toMatchObject({
    authorization: 'Bearer x',
    cookie: 'a=b',
    'x-own': '1',
  })
  const away = await headersAfter('/away')
  expect([away.authorization, away.cookie, away['x-own']]).toEqual([undefined, undefined, '1'])
})

test('credentials of the URL follow a redirect within the origin, and not to another one', async () => {
  const other = await mirror()
  const receiver = await receive((request, response) => {
    const { url = '', headers } = request
    const origin = `http://127.0.0.1:${url === '/away' ? other.port : receiver.port}`
    if (url === '/end') response.end(JSON.stringify({ headers }))
    else response.writeHead(307, { location: url === '/relative' ? '/end' : `${origin}/end` }).end()
  })
  const send = client('127.0.0.1')
  for (const [path, authorization] of [
    ['relative', `Basic ${btoa('me:sesame')}`],
    ['absolute', `Basic ${btoa('me:sesame')}`],
    ['away', undefined],
  ]) {
    const { body } = await send(`http://me:sesame@127.0.0.1:${receiver.port}/${path}`, { maxRedirects: 1 })
    expect([path, JSON.parse(body.toString()).headers.authorization]).toEqual([path, authorization])
  }
})

test('all redirects together have the time of one request', async () => {
  const { port } = await receive(async (_request, response) => {
    await pause(100)
    response.writeHead(302, { location: '/' }).end()
  })
  const from = performance.now()
  const failed = client('127.0.0.1')(`http://127.0.0.1:${port}/`, { timeoutMs: 450, maxRedirects: 100 })
  await expect(failed).rejects.toMatchObject({ code: 'timeout' })
  expect(performance.now() - from).toBeLessThan(2000)
})
