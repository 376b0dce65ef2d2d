/** Requests that try to reach an address that is not public. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { expect, onTestFinished, test } from 'vitest'
import { DEFAULT_LIMITS } from './pool.ts'
import { type DnsServer, startDnsServer } from './testing/dns-server.ts'
import { client, receive } from './testing/receivers.ts'

async function names(answer: Parameters<typeof startDnsServer>[0]): Promise<DnsServer> {
  const server = await startDnsServer(answer)
  onTestFinished(() => server.stop())
  return server
}

/** Answers with the address that it was reached at, and counts the connections. */
const echo = () => receive((request, response) => response.end(request.socket.localAddress))

const REFUSED = { code: 'refused-address', retriable: false }

test.each([
  '127.0.0.1',
  '0x7f.1',
  '2130706433',
  '0177.0.0.1',
  '127.1',
  '0',
  '[::ffff:127.0.0.1]',
  '[::127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[2002:7f00:1::]',
  '[2001:0:4136:e378:8000:63bf:80ff:fffe]',
  '[::1]',
  '[::]',
  '10.0.0.1',
  '169.254.169.254',
  '[fd00:ec2::254]',
  'localhost',
  'a.localhost',
  'localhost.',
  'LOCALHOST',
])('http://%s is refused without a connection', async (host) => {
  const receiver = await echo()
  const send = client('')
  await expect(send(`http://${host}:${receiver.port}/`)).rejects.toMatchObject(REFUSED)
  expect(receiver.sockets).toHaveLength(0)
})

test('a name is refused if none of its addresses is public', async () => {
  const receiver = await echo()
  const { resolver } = await names(() => [
    '127.0.0.1',
    '10.0.0.1',
    '::1',
    '::ffff:127.0.0.1',
    'fd00:ec2::254',
  ])
  const send = client('', { resolver })
  const failed = send(`http://inside.example:${receiver.port}/?token=sesame`)
  await expect(failed).rejects.toMatchObject(REFUSED)
  await expect(failed).rejects.toThrow(/^The address of inside\.example is not public\. \(refused-address\)/)
  expect(receiver.sockets).toHaveLength(0)
})

test('of the addresses of a name, only those that are not refused are tried', async () => {
  const receiver = await echo()
  const { resolver } = await names(() => ['127.0.0.2', '127.0.0.3', '::1', '127.0.0.1'])
  const send = client('127.0.0.3', { resolver })
  const { body, remoteAddress } = await send(`http://some.example:${receiver.port}/`)
  expect(body.toString()).toBe('127.0.0.3')
  expect(remoteAddress).toBe('127.0.0.3')
})

test('a name that resolves differently the second time is refused at its second connection', async () => {
  const receiver = await receive((request, response) =>
    response.writeHead(200, { connection: 'close' }).end(request.socket.localAddress),
  )
  let address = '127.0.0.1'
  const dns = await names(() => [address])
  const send = client('127.0.0.1', { resolver: dns.resolver })
  const url = `http://rebinds.example:${receiver.port}/`
  expect((await send(url)).remoteAddress).toBe('127.0.0.1')
  address = '127.0.0.2'
  await expect(send(url)).rejects.toMatchObject(REFUSED)
  expect(receiver.sockets).toHaveLength(1)
  expect(dns.questions.filter((question) => question === 'A rebinds.example')).toHaveLength(2)
})

test('a waiting request whose connection is opened again is checked again', async () => {
  const receiver = await receive((_request, response) =>
    response.writeHead(200, { connection: 'close' }).end(),
  )
  let asked = 0
  const { resolver } = await names(() => [asked++ < 2 ? '127.0.0.1' : '127.0.0.2'])
  const send = client('127.0.0.1', { resolver, limits: { ...DEFAULT_LIMITS, maxConnectionsPerOrigin: 1 } })
  const requests = [1, 2].map(() => send(`http://rebinds.example:${receiver.port}/`))
  expect((await requests[0]!).status).toBe(200)
  await expect(requests[1]).rejects.toMatchObject(REFUSED)
  expect(receiver.sockets).toHaveLength(1)
})

test('a name is resolved once for a connection, so that check and connection have the same address', async () => {
  const receiver = await echo()
  const { resolver, questions } = await names(() => ['127.0.0.1'])
  await client('127.0.0.1', { resolver })(`http://flips.example:${receiver.port}/`)
  expect(questions.toSorted()).toEqual(['A flips.example', 'AAAA flips.example'])
})

test('a connection is not used for another name, port or scheme, although the address is the same', async () => {
  const hosts: (string | undefined)[] = []
  const receiver = await receive((request, response) => {
    hosts.push(request.headers.host)
    response.end()
  })
  const { resolver } = await names(() => ['127.0.0.1'])
  const send = client('127.0.0.1', { resolver })
  for (const host of ['one.example', 'two.example', 'ONE.example', '127.0.0.1', 'two.example'])
    await send(`http://${host}:${receiver.port}/`)
  expect(hosts.map((host) => host?.split(':')[0])).toEqual([
    'one.example',
    'two.example',
    'one.example',
    '127.0.0.1',
    'two.example',
  ])
  expect(receiver.sockets).toHaveLength(3)
})

test.each([
  'http://169.254.169.254/latest/meta-data/',
  'http://127.0.0.2:80/',
  '//127.0.0.2/',
  'http://localhost/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://2852039166/',
])('a redirect to %s is refused', async (location) => {
  const receiver = await receive((_request, response) => response.writeHead(302, { location }).end())
  const send = client('127.0.0.3')
  const url = `http://127.0.0.3:${receiver.port}/`
  expect((await send(url)).status).toBe(302)
  await expect(send(url, { maxRedirects: 3 })).rejects.toMatchObject(REFUSED)
})

test.each(['file:///etc/passwd', 'gopher://example.com/', 'http://example.com:25/', 'http://'])(
  'a redirect to %s is refused',
  async (location) => {
    const receiver = await receive((_request, response) => response.writeHead(302, { location }).end())
    const send = client('127.0.0.1')
    await expect(send(`http://127.0.0.1:${receiver.port}/`, { maxRedirects: 1 })).rejects.toMatchObject({
      code: 'invalid-url',
    })
  },
)

test('a redirect to a name is resolved and checked', async () => {
  const { resolver } = await names(() => ['169.254.169.254'])
  const receiver = await receive((_request, response) =>
    response.writeHead(307, { location: 'http://metadata.example/' }).end(),
  )
  const send = client('127.0.0.1', { resolver })
  await expect(send(`http://127.0.0.1:${receiver.port}/`, { maxRedirects: 1 })).rejects.toThrow(
    'The address of metadata.example is not public.',
  )
})

test('a host and port of the list is reachable with any address, and with no other port', async () => {
  const [listed, other] = [await echo(), await echo()]
  const send = client(`localhost:${listed.port},127.0.0.9:${listed.port}`)
  expect((await send(`http://localhost:${listed.port}/`)).body.toString()).toBe('127.0.0.1')
  expect((await send(`http://127.0.0.9:${listed.port}/`)).body.toString()).toBe('127.0.0.9')
  await expect(send(`http://localhost:${other.port}/`)).rejects.toMatchObject(REFUSED)
  await expect(send(`http://127.0.0.9:${other.port}/`)).rejects.toMatchObject(REFUSED)
  await expect(send(`http://127.0.0.8:${listed.port}/`)).rejects.toMatchObject(REFUSED)
})

test('a name that does not exist, or whose server does not answer, is a failure that can pass', async () => {
  const { resolver } = await names((name) => (name === 'silent.example' ? null : undefined))
  const send = client('', { resolver })
  const gone = { code: 'dns', retriable: true, what: 'The name none.example was not resolved (ENOTFOUND).' }
  await expect(send('http://none.example/')).rejects.toMatchObject(gone)
  const silent = { code: 'dns', what: 'The name silent.example was not resolved (ETIMEOUT).' }
  await expect(send('http://silent.example/')).rejects.toMatchObject(silent)
})

test('name servers that do not answer do not hold up other names', async () => {
  const receiver = await echo()
  const { resolver } = await names((name) => (name.startsWith('silent') ? null : ['127.0.0.1']))
  const send = client('127.0.0.1', { resolver })
  const silent = Array.from({ length: 50 }, (_, i) =>
    send(`http://silent${i}.example/`).catch(({ code }) => code),
  )
  let isOver = false
  void Promise.race(silent).then(() => (isOver = true))
  await send(`http://some.example:${receiver.port}/`)
  expect(isOver).toBe(false)
  expect(new Set(await Promise.all(silent))).toEqual(new Set(['dns']))
})

test('if the first address of a name does not take connections, the next one is tried', async () => {
  const server = createServer((_request, response) => response.end('here')).listen(0, '127.0.0.3')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { resolver } = await names(() => ['127.0.0.2', '127.0.0.3'])
  const { port } = server.address() as AddressInfo
  const { body, remoteAddress } = await client('127.0.0.0/8', { resolver })(`http://some.example:${port}/`)
  expect([body.toString(), remoteAddress]).toEqual(['here', '127.0.0.3'])
})

test('the system resolves the hosts of the list, which name servers need not know', async () => {
  const receiver = await echo()
  const { resolver, questions } = await names(() => undefined)
  const send = client(`${hostname()}:${receiver.port}`, { resolver })
  expect((await send(`http://${hostname()}:${receiver.port}/`)).status).toBe(200)
  expect(questions).toEqual([])
})

test('a name without addresses is a failure of DNS', async () => {
  const { resolver } = await names(() => [])
  await expect(client('', { resolver })('http://empty.example/')).rejects.toMatchObject({
    code: 'dns',
    what: 'The name empty.example was not resolved (ENODATA).',
  })
})
