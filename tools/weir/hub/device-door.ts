/**
 * A client of the hub's MQTT door, over WebSocket at the hub's port for HTTP: a gateway that passes on what its
 * devices report. Each report has an id, so that one that is repeated after a lost connection is known.
 */
import { randomUUID } from 'node:crypto'
import { backoffMs, pause } from '@weir/timing'
import { connect, type MqttClient } from 'mqtt'
import type { RecordError } from './wire.ts'

export interface DeviceDoorOptions {
  readonly url: string
  readonly apiKey: string | undefined
  readonly signal: AbortSignal
  /** Called with the reason when the connection failed and another attempt will follow. */
  readonly onRetry: (reason: string) => void
}

export interface Report {
  /** The topic of MQTT. */
  readonly topic: string
  /** The id of the record. */
  readonly id: string
  readonly payload: string
}

/** Reports that are not acknowledged yet. The hub allows a client more. */
const IN_FLIGHT = 64
const RECONNECT_MS = 1000
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 5000
/** Reason codes from here on are failures (MQTT 5, section 2.4). */
const FIRST_FAILURE = 0x80
/** Reason codes of MQTT 5 after which the same report may be taken later. */
const TRY_AGAIN: ReadonlySet<number> = new Set([0x88, 0x89, 0x97])

export class DeviceDoor {
  readonly #options: DeviceDoorOptions
  readonly #client: MqttClient

  constructor(options: DeviceDoorOptions) {
    const { url, apiKey, signal, onRetry } = options
    this.#options = options
    this.#client = connect(`${url.replace(/^http/, 'ws')}/mqtt`, {
      protocolVersion: 5,
      clientId: `simulator-${randomUUID()}`,
      reconnectPeriod: RECONNECT_MS,
      ...(apiKey !== undefined && { username: 'weir', password: apiKey }),
    })
    this.#client.on('error', ({ message }) => onRetry(message))
    this.#client.on('close', () => signal.aborted || onRetry('the connection was closed'))
    // Pending reports fail then, so that nobody waits for them.
    signal.addEventListener('abort', () => this.#client.end(true))
  }

  /** Resolves when every report is stored or refused, or when the signal aborts. */
  async deliver(reports: readonly Report[]): Promise<{ stored: number; refused: readonly RecordError[] }> {
    const refused: RecordError[] = []
    let stored = 0
    const waiting = reports.entries()
    const publishInTurn = async (): Promise<void> => {
      for (const [index, report] of waiting) {
        const refusal = await this.#untilKnown(report)
        if (this.#options.signal.aborted) return
        if (refusal === undefined) stored++
        else
          refused.push({
            index,
            code: refusal.code,
            field: undefined,
            message: refusal.message,
            retriable: false,
          })
      }
    }
    await Promise.all(Array.from({ length: IN_FLIGHT }, publishInTurn))
    return { stored, refused }
  }

  close(): void {
    this.#client.end()
  }

  /** Resolves to the reason if the hub refuses the report. */
  async #untilKnown({ topic, id, payload }: Report): Promise<{ code: string; message: string } | undefined> {
    const { signal, onRetry } = this.#options
    const properties = { userProperties: { 'weir-id': id } }
    for (let retry = 0; !signal.aborted; retry++) {
      try {
        await this.#client.publishAsync(topic, payload, { qos: 1, properties })
        return undefined
      } catch (error) {
        const { code, message } = error as Error & { code?: number }
        if (typeof code === 'number' && code >= FIRST_FAILURE && !TRY_AGAIN.has(code))
          return { code: `0x${code.toString(16)}`, message }
        if (!signal.aborted) onRetry(message)
        await pause(backoffMs(retry, FIRST_PAUSE_MS, MAX_PAUSE_MS), signal)
      }
    }
    return undefined
  }
}
