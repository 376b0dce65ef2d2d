/** Sends batches to Firehose's or Kinesis' API, each until it is stored. */
import http from 'node:http'
import https from 'node:https'
import { setTimeout as pause } from 'node:timers/promises'
import { signatureHeaders } from '@weir/aws/sigv4/sign.ts'
import type { Logger } from '@weir/service'
import { reasonOf } from '@weir/service/probe.ts'
import { backoffMs } from '@weir/timing'
import type { Batch } from './batch.ts'
import type { AgentConfig, Api, FlowConfig } from './config.ts'

const TARGETS: Readonly<Record<Api, string>> = {
  firehose: 'Firehose_20150804.PutRecordBatch',
  kinesis: 'Kinesis_20131202.PutRecords',
}
/** The request itself cannot be stored, whenever it is sent. */
const DEFINITE =
  /^(SerializationException|ValidationException|InvalidArgumentException|InvalidParameterException)$/
const TIMEOUT_MS = 30_000
const MAX_ANSWER_BYTES = 1 << 20
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 30_000
const REMINDER_MS = 60_000

interface Answer {
  readonly __type?: string
  readonly message?: string
  readonly Message?: string
  readonly RequestResponses?: readonly Result[]
  readonly Records?: readonly Result[]
}
interface Result {
  readonly ErrorCode?: string
  readonly ErrorMessage?: string
}

class DefiniteRefusal extends Error {}

export interface SenderOptions {
  readonly config: Pick<AgentConfig, 'urls' | 'region' | 'credentials'>
  readonly flow: FlowConfig
  readonly log: Logger
  /** Called with the number of records that the API refuses for good. */
  refused(records: number): void
}

export class Sender {
  readonly #options: SenderOptions
  readonly #connections: http.Agent
  #complaint = { text: '', at: 0 }

  constructor(options: SenderOptions) {
    this.#options = options
    const { protocol } = options.config.urls[options.flow.api]
    this.#connections = new (protocol === 'https:' ? https : http).Agent({ keepAlive: true })
  }

  stop(): void {
    this.#connections.destroy()
  }

  /**
   * Resolves when each record of the batch is stored, or refused for good. Rejects only when the signal aborts. The batch
   * cannot be used afterwards.
   */
  async send(batch: Batch, signal: AbortSignal): Promise<void> {
    for (let failures = 0; batch.count > 0; ) {
      signal.throwIfAborted()
      try {
        const results = await this.#put(batch, signal)
        const failed = results.filter(({ ErrorCode }) => ErrorCode !== undefined)
        if (failed.length === 0) return
        if (failed.length < batch.count) failures = 0
        batch.keep((i) => results[i].ErrorCode !== undefined)
        this.#complain(`${failed[0].ErrorCode}: ${failed[0].ErrorMessage ?? ''}`)
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof DefiniteRefusal) {
          await this.#sendOneByOne(batch, error, signal)
          return
        }
        this.#complain(reasonOf(error as Error))
      }
      const wait = backoffMs(failures++, FIRST_PAUSE_MS, MAX_PAUSE_MS) * (1 - Math.random() / 2)
      await pause(wait, undefined, { signal })
    }
  }

  /** The API refuses the request, so it is told which record that is because of. */
  async #sendOneByOne(batch: Batch, refusal: DefiniteRefusal, signal: AbortSignal): Promise<void> {
    if (batch.count === 1) {
      const { log, flow, refused } = this.#options
      refused(1)
      log.error(
        { flow: flow.at, stream: flow.stream, reason: refusal.message },
        'a record is refused and left out',
      )
      return
    }
    const half = batch.count >> 1
    const second = batch.copy()
    batch.keep((i) => i < half)
    second.keep((i) => i >= half)
    await this.send(batch, signal)
    await this.send(second, signal)
  }

  async #put(batch: Batch, signal: AbortSignal): Promise<readonly Result[]> {
    const { config, flow } = this.#options
    const { urls, credentials, region } = config
    const url = urls[flow.api]
    const body = batch.body()
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': TARGETS[flow.api],
      'user-agent': 'weir-agent',
    }
    const request = { method: 'POST', url, headers, body } as const
    const signed =
      credentials === undefined ? headers : signatureHeaders(request, credentials, region, flow.api)
    const { status, text } = await this.#post(url, signed, body, signal)
    let answer: Answer
    try {
      answer = JSON.parse(text)
    } catch {
      throw new Error(`${url.host} answered ${status}, without JSON`)
    }
    if (status === 200) {
      const results = answer.RequestResponses ?? answer.Records
      if (Array.isArray(results) && results.length === batch.count) return results
      throw new Error(`${url.host} answered ${results?.length ?? 'no'} results for ${batch.count} records`)
    }
    const type = answer.__type?.replace(/^.*#/, '') ?? String(status)
    const message = `${type}: ${answer.message ?? answer.Message ?? ''}`
    throw status === 400 && DEFINITE.test(type) ? new DefiniteRefusal(message) : new Error(message)
  }

  /** With node:http, since fetch copies the body. */
  #post(
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: Buffer,
    signal: AbortSignal,
  ): Promise<{ status: number; text: string }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>()
    const options = {
      method: 'POST',
      agent: this.#connections,
      headers: { ...headers, 'content-length': body.length },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    }
    const request = (url.protocol === 'https:' ? https : http).request(url, options, async (response) => {
      try {
        const chunks: Buffer[] = []
        let length = 0
        for await (const chunk of response as AsyncIterable<Buffer>) {
          chunks.push(chunk)
          length += chunk.length
          if (length > MAX_ANSWER_BYTES)
            throw new Error(`${url.host} answered with more than ${MAX_ANSWER_BYTES} bytes`)
        }
        resolve({ status: response.statusCode!, text: Buffer.concat(chunks).toString() })
      } catch (error) {
        reject(error)
      }
    })
    request.on('error', reject)
    request.end(body)
    return promise
  }

  /** Logs a failure that is new, and again every minute. */
  #complain(text: string): void {
    const now = performance.now()
    if (text === this.#complaint.text && now - this.#complaint.at < REMINDER_MS) return
    this.#complaint = { text, at: now }
    const { log, flow } = this.#options
    log.warn(
      { flow: flow.at, stream: flow.stream, reason: text },
      'records are not stored; they are sent again',
    )
  }
}
