/** Connections: they are used again, limited, and shared fairly between receivers. */
import { setTimeout as pause } from 'node:timers/promises'
import { expect, inject, test } from 'vitest'
import { DEFAULT_LIMITS, type PoolLimits } from './pool.ts'
import { client, ok, receive, receiveRaw } from './testing/receivers.ts'

const limits = (some: Partial<PoolLimits>) => ({ limits: { ...DEFAULT_LIMITS, ...some } })
/** Each of them is an origin of its own, and all are the same server. */
const origin = (index: number, port: number): string =>
  `http://127.0.${1 + (index >> 8)}.${index & 255}:${port}/`
const LOOPBACK = '127.0.0.0/8'
const quick = () => receive((_request, response) => response.end('ok'))

test('a connection is used again by later requests to its origin', async () => {
  const receiver = await quick()
  const send = client(LOOPBACK)
  for (let i = 0; i < 50; i++) await send(origin(0, receiver.port), { method: 'POST', body: 'x' })
  expect(receiver.sockets).toHaveLength(1)
})

test('a connection that its receiver closes after each response is replaced', async () => {
  const receiver = await receive((_request, response) =>
    response.writeHead(200, { connection: 'close' }).end('ok'),
  )
  const send = client(LOOPBACK, limits({ maxConnectionsPerOrigin: 1 }))
  const responses = await Promise.all(Array.from({ length: 10 }, () => send(origin(0, receiver.port))))
  expect(responses.map(({ body }) => body.toString())).toEqual(Array(10).fill('ok'))
  expect(receiver.sockets).toHaveLength(10)
})

test('a connection that its receiver closed while it was idle is not used again', async () => {
  const receiver = await quick()
  const send = client(LOOPBACK)
  for (let i = 1; i <= 3; i++) {
    await send(origin(0, receiver.port))
    expect(receiver.sockets).toHaveLength(i)
    receiver.sockets[i - 1]!.end()
    await expect.poll(() => receiver.sockets[i - 1]!.destroyed).toBe(true)
    await pause(20)
  }
})

test('an idle connection is closed after the time that its receiver names', async () => {
  const receiver = await receiveRaw((socket) =>
    socket.on('data', () => socket.write(ok('', 'keep-alive: timeout=3\r\n'))),
  )
  await client(LOOPBACK)(origin(0, receiver.port))
  // undici closes it a second or two earlier than the receiver does.
  await expect.poll(() => receiver.sockets[0]!.destroyed, { timeout: 3000 }).toBe(true)
})

test('bytes after a response are no response to the next request', async () => {
  const receiver = await receiveRaw((socket) =>
    socket.once('data', () => socket.write(ok('first') + ok('forged'))),
  )
  const send = client(LOOPBACK)
  expect((await send(origin(0, receiver.port))).body.toString()).toBe('first')
  expect((await send(origin(0, receiver.port))).body.toString()).toBe('first')
  expect(receiver.sockets).toHaveLength(2)
})

test('an origin has no more connections than its limit, and its requests wait in their order', async () => {
  let [open, most] = [0, 0]
  const served: string[] = []
  const receiver = await receive(async (request, response) => {
    most = Math.max(most, ++open)
    served.push(request.url!.slice(1))
    await pause(5)
    open -= 1
    response.end()
  })
  const send = client(LOOPBACK, limits({ maxConnectionsPerOrigin: 4 }))
  await Promise.all(Array.from({ length: 40 }, (_, i) => send(`${origin(0, receiver.port)}${i}`)))
  expect(most).toBe(4)
  expect(receiver.sockets).toHaveLength(4)
  // The four that are under way at the same time may overtake each other.
  for (const [place, index] of served.entries()) expect(Math.abs(Number(index) - place)).toBeLessThan(8)
})

test('many origins are served at the same time, each with its own connection', async () => {
  const origins = inject('thorough') ? 1000 : 200
  const headers = { 'keep-alive': 'timeout=30' }
  const receiver = await receive((_request, response) => response.writeHead(200, headers).end('ok'))
  const send = client(LOOPBACK)
  for (let round = 0; round < 2; round++) {
    const responses = await Promise.all(
      Array.from({ length: origins }, (_, i) => send(origin(i, receiver.port))),
    )
    expect(responses.every(({ status }) => status === 200)).toBe(true)
    expect(new Set(responses.map(({ remoteAddress }) => remoteAddress)).size).toBe(origins)
  }
  expect(receiver.sockets).toHaveLength(origins)
})

test('idle connections make room for new ones: the one that has been idle for longest is closed', async () => {
  const receiver = await quick()
  const send = client(LOOPBACK, limits({ maxConnections: 3 }))
  for (const index of [0, 1, 2, 0, 3]) await send(origin(index, receiver.port))
  expect(receiver.sockets).toHaveLength(4)
  await expect
    .poll(() => receiver.sockets.map(({ destroyed }) => destroyed))
    .toEqual([false, true, false, false])
})

test('a receiver that hangs has its own connections only, and the others are served meanwhile', async () => {
  const hanging = await receiveRaw(() => {})
  const receiver = await quick()
  const send = client(LOOPBACK)
  const stop = new AbortController()
  const hangs = Array.from({ length: 200 }, () =>
    send(origin(0, hanging.port), { timeoutMs: 60_000, signal: stop.signal }).catch(({ name }) => name),
  )
  for (let i = 0; i < 100; i++) expect((await send(origin(i, receiver.port))).status).toBe(200)
  expect(hanging.sockets).toHaveLength(DEFAULT_LIMITS.maxConnectionsPerOrigin)
  stop.abort()
  expect(new Set(await Promise.all(hangs))).toEqual(new Set(['AbortError']))
  await expect.poll(() => hanging.sockets.every(({ destroyed }) => destroyed)).toBe(true)
})

test('many receivers that hang leave half of the connections to the others', async () => {
  const hanging = await receiveRaw(() => {})
  const receiver = await quick()
  const send = client(LOOPBACK, limits({ maxConnections: 64, maxConnectionsPerOrigin: 8 }))
  for (let i = 0; i < 24; i++)
    for (let j = 0; j < 8; j++) send(origin(i, hanging.port), { timeoutMs: 1000 }).catch(() => {})
  for (let i = 0; i < 20; i++)
    expect((await send(origin(i, receiver.port), { timeoutMs: 900 })).status).toBe(200)
  expect(hanging.sockets.length).toBeGreaterThan(24)
  expect(hanging.sockets.length).toBeLessThan(64 / 2 + 24)
})

test('when all connections are in use, the origins without one get the next ones in turn', async () => {
  const receiver = await receive(async (_request, response) => {
    await pause(20)
    response.end()
  })
  const send = client(LOOPBACK, limits({ maxConnections: 2, maxConnectionsPerOrigin: 2 }))
  const finished: number[] = []
  const requests = [0, 0, 0, 0, 1, 2].map(async (index) => {
    await send(origin(index, receiver.port))
    finished.push(index)
  })
  await Promise.all(requests)
  expect(finished.indexOf(1)).toBeLessThan(finished.lastIndexOf(0))
  expect(finished.toSorted()).toEqual([0, 0, 0, 0, 1, 2])
})

test('when too many requests wait, further ones fail at once', async () => {
  const hanging = await receiveRaw(() => {})
  const send = client(LOOPBACK, limits({ maxConnectionsPerOrigin: 1, maxWaitingPerOrigin: 2, maxWaiting: 3 }))
  const wait = (index: number) =>
    send(origin(index, hanging.port), { timeoutMs: 300 }).catch(({ code }) => code)
  const to = (index: number) => ({
    code: 'overloaded',
    retriable: true,
    what: `Too many requests wait for a connection to ${origin(index, hanging.port).slice(0, -1)}.`,
  })
  const waiting = [wait(0), wait(0), wait(0)]
  await expect(send(origin(0, hanging.port))).rejects.toMatchObject(to(0))
  waiting.push(wait(1), wait(1))
  await expect(send(origin(1, hanging.port))).rejects.toMatchObject(to(1))
  expect(await Promise.all(waiting)).toEqual(Array(5).fill('timeout'))
})

test('every request ends, however its receiver behaves, and the limit of connections holds', async () => {
  let [opened, closed] = [0, 0]
  const receiver = await receiveRaw((socket) => {
    opened += 1
    socket.on('close', () => (closed += 1))
    let count = 0
    socket.on('data', () => {
      const turn = (opened * 7 + count++ * 3) % 10
      if (turn < 5) socket.write(ok('ok'))
      else if (turn === 5) socket.end(ok('ok', 'connection: close\r\n'))
      else if (turn === 6) socket.destroy()
      else if (turn === 7) socket.write('nonsense')
      else if (turn === 8) setTimeout(() => socket.write(ok('ok')), 20)
    })
  })
  const send = client(LOOPBACK, limits({ maxConnections: 8, maxConnectionsPerOrigin: 3 }))
  const ends = Array.from({ length: 600 }, async (_, i) => {
    await pause(i % 97)
    const options = { method: 'POST', body: 'x', timeoutMs: 50 + (i % 400), maxResponseBytes: i % 4 } as const
    return send(origin((i * i) % 23, receiver.port), options).then(
      ({ body }) => body.toString(),
      ({ code }) => code,
    )
  })
  const seen = new Set(await Promise.all(ends))
  expect(seen.difference(new Set(['', 'o', 'ok', 'timeout', 'reset', 'bad-response']))).toEqual(new Set())
  expect(seen.size).toBe(6)
  await expect.poll(() => opened - closed).toBeLessThanOrEqual(8)
})
