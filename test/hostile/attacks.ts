/** Ways to take more of a hub than one is due. Each begins, goes on until its signal aborts, and leaves nothing behind. */
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { TOPIC } from '@weir/ingest-hub/testing/hub.ts'
import { GREEDY_API_KEY, signedBy, type Victim } from './target.ts'

export interface Attack {
  readonly name: string
  /** Whether the attacker has shown a valid key: honest clients may then be told to wait now and then. */
  readonly known: boolean
  run(target: Victim, signal: AbortSignal): Promise<void>
}

const MB = 1 << 20

/** Runs `one` so many times side by side, again and again. */
async function flood(count: number, signal: AbortSignal, one: (i: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, async (_, i) => {
    while (!signal.aborted) {
      await one(i).catch(() => {})
      await sleep(5)
    }
  }))
}

/** A connection on which `bytes` are written and nothing is read; ends with the attack. */
async function hold(socket: Socket, signal: AbortSignal, ...parts: readonly (string | Buffer)[]): Promise<void> {
  socket.on('error', () => {})
  socket.pause()
  const end = (): void => { socket.destroy() }
  signal.addEventListener('abort', end, { once: true })
  for (const part of parts) socket.write(part)
  if (!socket.destroyed && !signal.aborted) await once(socket, 'close').catch(() => {})
  signal.removeEventListener('abort', end)
}

const open = ({ url }: Victim): Socket => connect(Number(new URL(url).port), new URL(url).hostname)
const openTls = ({ url, tlsPort }: Victim): Socket => connectTls({ port: tlsPort, host: new URL(url).hostname, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
const head = (path: string, headers: Readonly<Record<string, string | number>>): string =>
  `POST ${path} HTTP/1.1\r\nhost: localhost\r\n${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
const AWS = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Kinesis_20131202.PutRecords' }
const RECORDS = `/v1/topics/${TOPIC}/records`

/** Sends a whole body, signed, and waits for the answer. */
async function send(target: Victim, operation: string, body: string): Promise<void> {
  const response = await fetch(target.url, { method: 'POST', headers: signedBy(target, operation, body), body })
  await response.arrayBuffer()
}

/** A POST to the HTTP door whose answer is never read. */
const holdRecords = (target: Victim, signal: AbortSignal, type: string, body: Buffer, encoding: Readonly<Record<string, string>> = {}): Promise<void> =>
  hold(open(target), signal, head(RECORDS, { 'content-type': type, 'content-length': body.length, 'x-api-key': GREEDY_API_KEY, ...encoding }), body)

const wrongLines = gzipSync(Array.from({ length: 200_000 }, (_, i) => `{"id":"${String(i).padEnd(120, 'x')}","value":7}\n`).join(''))
const names = (count: number): string => JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`name-${i}`, i])))

export const ATTACKS: readonly Attack[] = [
  { name: 'nobody announces 24 MB and sends nothing', known: false, run: (target, signal) => flood(4, signal, (i) =>
    hold(open(target), signal, head('/', { ...AWS, 'content-length': i % 2 === 0 ? 16 * MB : 8 * MB }))) },
  { name: 'an unknown access key announces 24 MB and sends nothing', known: false, run: (target, signal) => flood(4, signal, (i) => {
    const signed = signedBy(target, 'PutRecords', '{}')
    const unknown = { ...signed, authorization: signed.authorization.replace('GREEDY', 'NOBODY') }
    return hold(open(target), signal, head('/', { ...unknown, 'content-length': i % 2 === 0 ? 16 * MB : 8 * MB }))
  }) },
  { name: 'nobody announces 24 MB over HTTP/2, and keeps its streams open', known: false, run: (target, signal) => flood(4, signal, async () => {
    const session = connectHttp2(target.url)
    session.on('error', () => {})
    const streams = Array.from({ length: 100 }, () => session.request({ ':method': 'POST', ':path': '/', ...AWS, 'content-length': 16 * MB }, { endStream: false }))
    for (const stream of streams) stream.on('error', () => {})
    const beat = setInterval(() => { for (const stream of streams) if (!stream.destroyed) stream.write('x') }, 500)
    signal.addEventListener('abort', () => session.destroy(), { once: true })
    await Promise.race([once(session, 'close'), sleep(20_000, undefined, { signal })]).catch(() => {})
    clearInterval(beat)
    session.destroy()
  }) },
  { name: 'nobody sends short bodies byte by byte', known: false, run: (target, signal) => flood(200, signal, async () => {
    const socket = open(target)
    socket.setNoDelay(true)
    const over = hold(socket, signal, head('/', { ...AWS, 'content-length': 60_000 }))
    while (!signal.aborted && !socket.destroyed && socket.write('x')) await sleep(1)
    await over
  }) },
  { name: '5,000 connections that say nothing', known: false, run: (target, signal) => flood(5000, signal, async () => {
    await hold(open(target), signal)
    await sleep(2000, undefined, { signal })
  }) },
  { name: '5,000 connections over TLS that say nothing', known: false, run: (target, signal) => flood(5000, signal, async (i) => {
    await sleep(i, undefined, { signal })
    await hold(openTls(target), signal)
    await sleep(5000, undefined, { signal })
  }) },
  { name: 'HTTP/2 sessions without a request', known: false, run: (target, signal) => flood(1000, signal, async (i) => {
    await sleep(i, undefined, { signal })
    await hold(open(target), signal, i % 2 === 0 ? 'PRI' : 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0')
  }) },
  { name: 'a key sends PutRecords of five million empty records', known: true, run: (target, signal) => {
    const body = `{"Records":[${'{},'.repeat(5_200_000)}{}]}`
    return flood(2, signal, () => send(target, 'PutRecords', body))
  } },
  { name: 'a key sends sixteen million brackets', known: true, run: (target, signal) => {
    const body = '['.repeat(16_000_000)
    return flood(2, signal, () => send(target, 'PutRecords', body))
  } },
  { name: 'a key sends bodies of different names only', known: true, run: (target, signal) => {
    const body = names(500_000)
    return flood(4, signal, async (i) => {
      if (i % 2 === 0) return send(target, 'PutRecords', body)
      await fetch(`${target.url}${RECORDS}`, { method: 'POST', body, headers: { 'content-type': 'application/json', 'x-api-key': GREEDY_API_KEY } }).then((answer) => answer.text())
    })
  } },
  { name: 'a key reads 10 MB 150 times side by side, and does not take the answers', known: true, run: async (target, signal) => {
    const body = JSON.stringify({ ShardIterator: target.iterator })
    await flood(150, signal, () => hold(open(target), signal, head('/', { ...signedBy(target, 'GetRecords', body), 'content-length': body.length }), body))
  } },
  { name: 'a key sends wrong lines with long ids, packed, and does not take the answers', known: true, run: (target, signal) =>
    flood(24, signal, () => holdRecords(target, signal, 'application/x-ndjson', wrongLines, { 'content-encoding': 'gzip' })) },
  { name: 'a key sends a line byte by byte', known: true, run: (target, signal) => flood(100, signal, async () => {
    const socket = open(target)
    socket.setNoDelay(true)
    const over = hold(socket, signal, head(RECORDS, { 'content-type': 'application/x-ndjson', 'content-length': MB, 'x-api-key': GREEDY_API_KEY }))
    while (!signal.aborted && !socket.destroyed && socket.write('x')) await sleep(1)
    await over
  }) },
  { name: 'a key announces large bodies on 500 connections and sends a byte a second', known: true, run: (target, signal) => flood(500, signal, async () => {
    const socket = open(target)
    const over = hold(socket, signal, head(RECORDS, { 'content-type': 'application/json', 'content-length': 10 * MB, 'x-api-key': GREEDY_API_KEY }))
    while (!signal.aborted && !socket.destroyed && socket.write(' ')) await sleep(1000, undefined, { signal })
    await over
  }) },
]
