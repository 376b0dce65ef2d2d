import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { request } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificates } from '@weir/testkit/certificates.ts'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type HttpServer, openHttp } from './http.ts'
import type { Resource } from './opening.ts'

let server: Resource<HttpServer>
beforeAll(async () => {
  server = await openHttp(
    { host: '127.0.0.1', port: 0 },
    {
      log: pino({ level: 'silent' }),
      ready: {},
      routes: (app) => {
        app.post('/echo', async (request) => ({ version: request.raw.httpVersion, body: request.body }))
        app.get('/late', () => new Promise((resolve) => setTimeout(resolve, 300, { late: true })))
      },
    },
  )
})
afterAll(async () => {
  await server.stop(2000)
})

async function ask(
  session: ClientHttp2Session,
  method: string,
  path: string,
  body?: string,
): Promise<{ status: number; body: string }> {
  const stream = session.request({ ':method': method, ':path': path, 'content-type': 'application/json' })
  stream.end(body)
  const [headers] = await once(stream, 'response')
  let text = ''
  for await (const chunk of stream) text += chunk
  return { status: headers[':status'], body: text }
}

test('one port serves HTTP/1.1 and HTTP/2, even if the first bytes arrive one by one', async () => {
  const { url, port } = server.value
  const body = JSON.stringify({ text: 'x'.repeat(50_000) })
  const one = await fetch(`${url}/echo`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
  })
  expect(await one.json()).toEqual({ version: '1.1', body: JSON.parse(body) })

  const session = connectHttp2(url)
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(session, 'POST', '/echo', body)))
  for (const answer of answers)
    expect(JSON.parse(answer.body)).toEqual({ version: '2.0', body: JSON.parse(body) })
  expect((await ask(session, 'GET', '/nowhere')).status).toBe(404)
  session.close()

  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  for (const byte of 'GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n') {
    socket.write(byte)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  let text = ''
  for await (const chunk of socket) text += chunk
  expect(text).toMatch(/^HTTP\/1.1 200 /)
})

test('garbage and silence end their connection only', async () => {
  for (const bytes of ['PRI nonsense\r\n\r\n', '\0\0\0\0', 'PR']) {
    const socket = connect(server.value.port, '127.0.0.1')
    socket.end(bytes)
    socket.resume()
    await once(socket, 'close')
  }
  expect((await fetch(`${server.value.url}/livez`)).status).toBe(200)
})

test('a stop lets the current request finish and closes the session', async () => {
  const session = connectHttp2(server.value.url)
  const late = ask(session, 'GET', '/late')
  await new Promise((resolve) => setTimeout(resolve, 100))
  const closed = once(session, 'close')
  const began = performance.now()
  await server.stop(5000)
  expect(await late).toEqual({ status: 200, body: '{"late":true}' })
  await closed
  expect(performance.now() - began).toBeLessThan(2000)
  server = { ...server, stop: async () => {} }
})

test('a TLS port serves HTTP/2 by ALPN and HTTP/1.1, and stops without delay', async () => {
  const { ca, keyFile } = await makeCertificates(mkdtempSync(join(tmpdir(), 'weir-tls-')))
  const secure = await openHttp(
    { host: '127.0.0.1', port: 0, tls: { port: 0, certFile: keyFile, keyFile } },
    {
      log: pino({ level: 'silent' }),
      ready: {},
      routes: (app) => {
        app.get('/version', async (asked) => ({ version: asked.raw.httpVersion }))
      },
    },
  )
  const port = secure.value.tlsPort!
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ca })
  expect(JSON.parse((await ask(session, 'GET', '/version')).body)).toEqual({ version: '2.0' })
  const one = await new Promise<string>((resolve, reject) => {
    request({ host: '127.0.0.1', port, path: '/version', ca, agent: false }, (response) =>
      response.setEncoding('utf8').on('data', resolve),
    )
      .on('error', reject)
      .end()
  })
  expect(JSON.parse(one)).toEqual({ version: '1.1' })
  const plain = connect(port, '127.0.0.1')
  plain.on('error', () => {}).end('GET / HTTP/1.1\r\n\r\n')
  await once(plain.resume(), 'close')
  const began = performance.now()
  await secure.stop(5000)
  expect(performance.now() - began).toBeLessThan(2000)
  session.destroy()
  await expect(
    openHttp(
      { host: '127.0.0.1', port: 0, tls: { port: 0, certFile: '/nowhere', keyFile: '/nowhere' } },
      { log: pino({ level: 'silent' }), ready: {} },
    ),
  ).rejects.toThrow('/nowhere')
})
