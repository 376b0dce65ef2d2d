import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type ServerOptions } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { type Certificates, makeCertificates } from '@weir/testkit/certificates.ts'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { client, receive, receiveRaw, start } from './testing/receivers.ts'

const folder = mkdtempSync(join(tmpdir(), 'egress-'))
let certificates: Certificates
let identity: Pick<ServerOptions, 'cert' | 'key'>

beforeAll(async () => {
  certificates = await makeCertificates(folder)
  identity = await certificates.client('receiver')
})

afterAll(() => rmSync(folder, { recursive: true }))

/** Does what NODE_EXTRA_CA_CERTS does when the process begins. */
function trustAuthority(): void {
  const usual = getCACertificates('default')
  setDefaultCACertificates([...usual, certificates.ca])
  onTestFinished(() => setDefaultCACertificates(usual))
}

const receiveTls = (listener: Parameters<typeof receive>[0]) => start(createServer(identity, listener))

test('a certificate is taken if its authority is known and it names the host or its address', async () => {
  trustAuthority()
  const { port } = await receiveTls((_request, response) => response.end('secret'))
  const send = client('127.0.0.0/8')
  for (const host of ['localhost', '127.0.0.1']) {
    const { body, remoteAddress } = await send(`https://${host}:${port}/`)
    expect([body.toString(), remoteAddress]).toEqual(['secret', '127.0.0.1'])
  }
})

test('a certificate of another host is refused', async () => {
  trustAuthority()
  const { port } = await receiveTls((_request, response) => response.end())
  const send = client('127.0.0.0/8')
  for (const host of ['a.localhost', '127.0.0.2'])
    await expect(send(`https://${host}:${port}/`)).rejects.toMatchObject({
      code: 'tls',
      retriable: true,
      what: `The TLS handshake with https://${host}:${port} failed (ERR_TLS_CERT_ALTNAME_INVALID).`,
    })
})

test('a certificate of an unknown authority is refused', async () => {
  const { port } = await receiveTls((_request, response) => response.end())
  await expect(client('127.0.0.1')(`https://127.0.0.1:${port}/`)).rejects.toMatchObject({
    code: 'tls',
    what: `The TLS handshake with https://127.0.0.1:${port} failed (UNABLE_TO_VERIFY_LEAF_SIGNATURE).`,
  })
})

test('an authority of NODE_EXTRA_CA_CERTS is known', async () => {
  const { port } = await receiveTls((_request, response) => response.end('secret'))
  const program = `
    import { ConfigReader } from '@weir/config'
    import { egressConfig, openEgress } from '@weir/egress'
    const { value } = openEgress(egressConfig(new ConfigReader(process.env)))
    const url = 'https://127.0.0.1:${port}/'
    const { body } = await value.request({ url, method: 'GET', timeoutMs: 8000, maxResponseBytes: 100 })
    console.log(body.toString())`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: import.meta.dirname,
    env: { ...process.env, EGRESS_ALLOW: '127.0.0.1', NODE_EXTRA_CA_CERTS: certificates.caFile },
  })
  expect(stdout.trim()).toBe('secret')
})

test('a receiver that speaks no TLS fails the handshake', async () => {
  const { port } = await receive((_request, response) => response.end())
  await expect(client('127.0.0.1')(`https://127.0.0.1:${port}/`)).rejects.toMatchObject({ code: 'tls' })
})

test('a receiver that hangs in the handshake is given up at the timeout', async () => {
  const receiver = await receiveRaw(() => {})
  const url = `https://127.0.0.1:${receiver.port}`
  await expect(client('127.0.0.1')(url, { timeoutMs: 200 })).rejects.toMatchObject({
    code: 'timeout',
    what: `The request to ${url} did not end within 200 ms: the TLS handshake did not end.`,
  })
  await expect.poll(() => receiver.sockets[0]!.destroyed).toBe(true)
})

test('a redirect from https to http is not followed', async () => {
  trustAuthority()
  const plain = await receive((_request, response) => response.end())
  const location = `http://127.0.0.1:${plain.port}/`
  const { port } = await receiveTls((_request, response) => response.writeHead(307, { location }).end())
  const response = await client('127.0.0.1')(`https://127.0.0.1:${port}/`, { maxRedirects: 5 })
  expect([response.status, response.headers.location]).toEqual([307, location])
  expect(plain.sockets).toHaveLength(0)
})

test('a new connection continues the TLS session of one that is open', async () => {
  trustAuthority()
  const reused: boolean[] = []
  const { port } = await receiveTls((request, response) => {
    reused.push((request.socket as TLSSocket).isSessionReused())
    setTimeout(() => response.end(), 100)
  })
  const send = client('127.0.0.1')
  const url = `https://127.0.0.1:${port}/`
  await send(url)
  await Promise.all([send(url), send(url)])
  expect(reused).toEqual([false, false, true])
})
