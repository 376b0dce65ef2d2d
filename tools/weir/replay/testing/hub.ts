/** A real socket that answers as a hub under pressure does, and replays against it. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect } from 'vitest'
import { recordFile } from '../file.ts'
import { type Counts, type Plan, type Refusal, type ReplayOptions, replay } from '../replay.ts'

export interface Sent {
  id: string
  value: { deviceId: string; eventTime: number; speed: number; position: { lat: number; lon: number } }
}
type Answer = (records: Sent[], response: ServerResponse) => void

/** A hub that stores by id, so that repeats change nothing, and remembers the order of arrival per key. */
class Hub {
  readonly stored = new Map<string, Sent>()
  readonly arrivals: Sent[] = []
  readonly sources = new Set<string>()
  requests = 0
  maxInFlight = 0
  answer: Answer = (records, response) => this.ok(records, response)
  #inFlight = 0
  #server: Server
  url = ''

  constructor() {
    this.#server = createServer((request, response) => {
      void this.#serve(request, response)
    })
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  store(record: Sent): void {
    if (!this.stored.has(record.id)) this.arrivals.push(record)
    this.stored.set(record.id, record)
  }

  ok(records: Sent[], response: ServerResponse): void {
    for (const record of records) this.store(record)
    reply(response, 200, { stored: records.length })
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.maxInFlight = Math.max(this.maxInFlight, ++this.#inFlight)
    this.requests++
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = JSON.parse(Buffer.concat(chunks).toString())
    this.sources.add(request.headers['weir-source'] as string)
    await new Promise((resolve) => setTimeout(resolve, 2))
    this.#inFlight--
    this.answer(body.records, response)
  }
}

export const reply = (response: ServerResponse, status: number, body: object, headers = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

export const folder = mkdtempSync(join(tmpdir(), 'weir-replay-'))
process.env.WEIR_DATA = folder
let files = 0
export function csv(rows: number, keys = 20): string {
  const lines = ['track_id,lon,lat,speed,time']
  for (let i = 0; i < rows; i++)
    lines.push(`v${i % keys},23.73,37.99,${i % 60}.5,1970-01-01 00:00:${String(i % 60).padStart(2, '0')}.000`)
  return `${lines.join('\n')}\n`
}
export function write(data: string | Buffer): string {
  const path = join(folder, `file-${++files}`)
  writeFileSync(path, data)
  return path
}

export let hub: Hub

/** Opens a hub before each test of a file, and closes it after it. */
export function useHub(): void {
  beforeEach(async () => {
    hub = new Hub()
    await hub.listen()
  })
  afterEach(() => hub.close())
}

export async function run(
  data: string | Buffer,
  options: Partial<ReplayOptions> & { delimiter?: string } = {},
): Promise<{ counts: Counts; refusals: Refusal[]; plan: Plan }> {
  const counts: Counts = {
    phase: 'looking through',
    fraction: 0,
    stored: 0,
    refused: 0,
    open: 0,
    trouble: undefined,
  }
  const refusals: Refusal[] = []
  let plan: Plan | undefined
  await replay(
    {
      file: await recordFile(write(data), options.delimiter),
      topic: 'taxi.telemetry',
      hub: hub.url,
      apiKey: undefined,
      maps: [],
      sets: [],
      timeFormat: undefined,
      keepTimes: false,
      zoneMs: 0,
      allTimes: false,
      speed: Infinity,
      run: undefined,
      patience: 20_000,
      signal: new AbortController().signal,
      ...options,
    },
    counts,
    {
      planned: (made) => {
        plan = made
      },
      refused: (refusal) => {
        refusals.push(refusal)
      },
    },
  )
  return { counts, refusals, plan: plan! }
}

/** One report per time, on lines 2, 3, …; each has its own device. */
export const timed = (...times: (string | number)[]): string =>
  ['id,lat,lon,speed,time', ...times.map((time, i) => `v${i},1,2,3,${time}`)].join('\n')

/** Event times as sent, by device. */
export const sentTimes = (): number[] =>
  [...hub.stored.values()]
    .sort((a, b) => (a.value.deviceId < b.value.deviceId ? -1 : 1))
    .map(({ value }) => value.eventTime)

/** Lines of each key as they arrived. */
export function linesByKey(): Map<string, number[]> {
  const lines = new Map<string, number[]>()
  for (const { id, value } of hub.arrivals)
    lines.set(value.deviceId, [
      ...(lines.get(value.deviceId) ?? []),
      Number(id.slice(id.lastIndexOf('-') + 1)),
    ])
  return lines
}
export function expectOrderPerKey(): void {
  for (const lines of linesByKey().values()) expect(lines).toEqual([...lines].sort((a, b) => a - b))
}
