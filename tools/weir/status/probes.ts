/** Probes servers and services for their health. Every probe ends within its timeout and never rejects. */
import { connect } from 'node:net'
import { registryAddress } from '@weir/codec/registry-address.ts'
import { withoutPasswords } from '@weir/config'
import { SERVICES } from '@weir/contracts/services.ts'
import { openKafka } from '@weir/kafka'
import { failureOf, probeService, type State } from '@weir/service/probe.ts'
import { within } from '@weir/timing'
import { readKafkaSettings, type Settings } from '../settings.ts'

export interface Health {
  readonly name: string
  readonly kind: 'server' | 'service'
  readonly url: string
  readonly state: State
  /** Why it is not ready; if it is ready, anything worth knowing. */
  readonly reason: string
  /** Milliseconds since its process started; undefined if it does not report that. */
  readonly uptime: number | undefined
}

const TIMEOUT = 3_000

type Probe = (
  url: string,
) => Promise<Pick<Health, 'state' | 'reason'> & { readonly uptime?: number | undefined }>

/** Probes everything at once; the results are in the order of the data flow. */
export function probeAll(settings: Settings): Promise<Health[]> {
  const probe = async (name: string, kind: Health['kind'], url: string, ask: Probe): Promise<Health> => {
    const found = await ask(url).catch((error: Error) => failureOf(error, TIMEOUT))
    return { name, kind, url: withoutPasswords(url), uptime: undefined, ...found }
  }
  return Promise.all([
    probe('kafka', 'server', readKafkaSettings().brokers.join(','), kafka),
    probe('registry', 'server', settings.registry, registry),
    probe('redis', 'server', settings.redis, redis),
    probe('search', 'server', settings.search, search),
    ...(settings.objects === undefined ? [] : [probe('objects', 'server', settings.objects, objects)]),
    ...SERVICES.map((name) => probe(name, 'service', settings.urls[name], service)),
  ])
}

const kafka: Probe = async () => {
  const count = await within(TIMEOUT, countTopics(), () => {
    throw new DOMException('The broker does not answer.', 'TimeoutError')
  })
  return { state: 'ready', reason: `${count} topics` }
}

/** Closes its connection even if nobody waits for the count any more. */
async function countTopics(): Promise<number> {
  const { value, stop } = await openKafka(readKafkaSettings())
  try {
    return (await value.admin.topics()).length
  } finally {
    await stop()
  }
}

const registry: Probe = async (address) => {
  const { url, headers } = registryAddress(address)
  const response = await get(`${url}/subjects`, headers)
  if (!response.ok) return { state: 'not ready', reason: `answers ${response.status}` }
  return { state: 'ready', reason: `${((await response.json()) as unknown[]).length} contracts` }
}

const search: Probe = async (url) => {
  const node = url.split(',')[0]
  const response = await get(`${node}/_cluster/health`)
  if (response.status === 401) return { state: 'ready', reason: 'requires a user' }
  const { status } = (await response.json()) as { status?: string }
  return {
    state: status === 'red' || !response.ok ? 'not ready' : 'ready',
    reason: `cluster ${status ?? response.status}`,
  }
}

/** Without a signature it may refuse the request; that is an answer too. */
const objects: Probe = async (url) => {
  const { status } = await get(url)
  return status < 500 ? { state: 'ready', reason: '' } : { state: 'not ready', reason: `answers ${status}` }
}

const service: Probe = async (url) => {
  const [{ state, reason }, started] = await Promise.all([
    probeService(url, TIMEOUT),
    startedAt(url).catch(() => undefined),
  ])
  return { state, reason, uptime: started === undefined ? undefined : Date.now() - started }
}

/** Sends PING without a client: one line each way. */
const redis: Probe = (url) =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port || 6379), timeout: TIMEOUT }, () =>
      socket.write('PING\r\n'),
    )
    socket.once('data', (data) => {
      const line = data.toString('latin1').split('\r\n', 1)[0]
      socket.destroy()
      resolve(
        line === '+PONG' || line.startsWith('-NOAUTH')
          ? { state: 'ready', reason: '' }
          : { state: 'not ready', reason: line.replace(/^-/, '') },
      )
    })
    socket.once('timeout', () => socket.destroy(new DOMException('', 'TimeoutError')))
    socket.once('error', reject)
  })

/** Reads the process's start time from its Prometheus metrics, ms since the epoch. */
async function startedAt(url: string): Promise<number | undefined> {
  const match = /^process_start_time_seconds(?:\{[^}]*\})? (\S+)$/m.exec(
    await (await get(`${url}/metrics`)).text(),
  )
  return match ? Number(match[1]) * 1000 : undefined
}

const get = (url: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT) })
