/** Ways to take more than a fair share of a hub. */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { TOPIC } from '@weir/ingest-hub/testing/hub.ts'
import { type Attack, flood, head, hold, MB, open, strangers, trickle } from './attack.ts'
import { type HubVictim, signedBy } from './hub-target.ts'
import { GREEDY_API_KEY } from './target.ts'

const AWS = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Kinesis_20131202.PutRecords' }
const RECORDS = `/v1/topics/${TOPIC}/records`

/** Sends a complete, signed body and waits for the response. */
async function send(target: HubVictim, operation: string, body: string): Promise<void> {
  const response = await fetch(target.url, {
    method: 'POST',
    headers: signedBy(target, operation, body),
    body,
  })
  await response.arrayBuffer()
}

/** Sends a POST to the HTTP door and never reads the response. */
const holdRecords = (
  target: HubVictim,
  signal: AbortSignal,
  type: string,
  body: Buffer,
  encoding: Readonly<Record<string, string>> = {},
): Promise<void> =>
  hold(
    open(target),
    signal,
    head(RECORDS, {
      'content-type': type,
      'content-length': body.length,
      'x-api-key': GREEDY_API_KEY,
      ...encoding,
    }),
    body,
  )

const wrongLines = gzipSync(
  Array.from({ length: 200_000 }, (_, i) => `{"id":"${String(i).padEnd(120, 'x')}","value":7}\n`).join(''),
)
const names = (count: number): string =>
  JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`name-${i}`, i])))

const openTls = ({ url, tlsPort }: HubVictim): TLSSocket =>
  connectTls({
    port: tlsPort,
    host: new URL(url).hostname,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  })

export const ATTACKS: readonly Attack<HubVictim>[] = [
  ...strangers('/', AWS),
  {
    name: '5,000 connections over TLS are open and send nothing',
    known: false,
    run: (target, signal) =>
      flood(5000, signal, async (i) => {
        await sleep(i, undefined, { signal })
        await hold(openTls(target), signal)
        await sleep(5000, undefined, { signal })
      }),
  },
  {
    name: 'an unknown access key announces 24 MB and sends nothing',
    known: false,
    run: (target, signal) =>
      flood(4, signal, (i) => {
        const signed = signedBy(target, 'PutRecords', '{}')
        const unknown = { ...signed, authorization: signed.authorization.replace('GREEDY', 'NOBODY') }
        return hold(
          open(target),
          signal,
          head('/', { ...unknown, 'content-length': i % 2 === 0 ? 16 * MB : 8 * MB }),
        )
      }),
  },
  {
    name: 'a client with a key sends PutRecords of five million empty records',
    known: true,
    run: (target, signal) => {
      const body = `{"Records":[${'{},'.repeat(5_200_000)}{}]}`
      return flood(2, signal, () => send(target, 'PutRecords', body))
    },
  },
  {
    name: 'a client with a key sends sixteen million brackets',
    known: true,
    run: (target, signal) => {
      const body = '['.repeat(16_000_000)
      return flood(2, signal, () => send(target, 'PutRecords', body))
    },
  },
  {
    name: 'a client with a key sends bodies in which every name differs',
    known: true,
    run: (target, signal) => {
      const body = names(500_000)
      return flood(4, signal, async (i) => {
        if (i % 2 === 0) return send(target, 'PutRecords', body)
        await fetch(`${target.url}${RECORDS}`, {
          method: 'POST',
          body,
          headers: { 'content-type': 'application/json', 'x-api-key': GREEDY_API_KEY },
        }).then((answer) => answer.text())
      })
    },
  },
  {
    name: 'a client with a key requests 10 MB 150 times at once, and does not read the answers',
    known: true,
    run: async (target, signal) => {
      const body = JSON.stringify({ ShardIterator: target.iterator })
      await flood(150, signal, () =>
        hold(
          open(target),
          signal,
          head('/', { ...signedBy(target, 'GetRecords', body), 'content-length': body.length }),
          body,
        ),
      )
    },
  },
  {
    name: 'a client with a key sends compressed wrong lines with long ids, and does not read the answers',
    known: true,
    run: (target, signal) =>
      flood(24, signal, () =>
        holdRecords(target, signal, 'application/x-ndjson', wrongLines, { 'content-encoding': 'gzip' }),
      ),
  },
  {
    name: 'a client with a key sends a line byte by byte',
    known: true,
    run: (target, signal) =>
      flood(100, signal, () =>
        trickle(
          target,
          signal,
          head(RECORDS, {
            'content-type': 'application/x-ndjson',
            'content-length': MB,
            'x-api-key': GREEDY_API_KEY,
          }),
          1,
        ),
      ),
  },
  {
    name: 'a client with a key announces large bodies on 500 connections and sends a byte a second',
    known: true,
    run: (target, signal) =>
      flood(500, signal, () =>
        trickle(
          target,
          signal,
          head(RECORDS, {
            'content-type': 'application/json',
            'content-length': 10 * MB,
            'x-api-key': GREEDY_API_KEY,
          }),
          1000,
        ),
      ),
  },
]
