/** A message as rules see it. One object serves all rules, so that its payload is parsed once. */
import { isUtf8 } from 'node:buffer'
import { basicIngestOf } from '../topics/basic-ingest.ts'
import { isObject, type Value } from '../values/value.ts'
import { NOT_JSON, parseJson } from './json.ts'

/** AWS IoT refuses larger payloads. */
export const MAX_PAYLOAD_BYTES = 128 * 1024

/** The fields that MQTT gives a message, and what the broker knows about its client. */
export interface MessageFields {
  readonly topic: string
  readonly payload: Buffer
  /** Undefined if the message was not sent over MQTT, as the fields below it. */
  readonly clientId?: string
  /** The identity that the client authenticated with. */
  readonly principal?: string
  readonly sourceIp?: string
  readonly traceId?: string
  readonly properties?: MessageProperties
}

/** Properties of MQTT 5. */
export interface MessageProperties {
  readonly contentType?: string
  /** Whether the payload is declared as UTF-8 (Payload Format Indicator 1). */
  readonly utf8?: boolean
  readonly responseTopic?: string
  readonly correlationData?: Buffer
  /** Names and values in the order of the packet. A name may be there more than once. */
  readonly user?: readonly (readonly [name: string, value: string])[]
}

export class Message {
  readonly fields: MessageFields
  readonly payload: Buffer
  /** The topic without the prefix of Basic Ingest. */
  readonly topic: string
  #text: string | undefined
  /** The payload by `keep`; null until it is parsed. */
  #plain: Value = null
  #exact: Value = null

  constructor(fields: MessageFields) {
    this.fields = fields
    this.payload = fields.payload
    this.topic = basicIngestOf(fields.topic)?.topic ?? fields.topic
  }

  /** Returns a level of the topic, from 1; undefined if it has fewer. */
  level(number: number): string | undefined {
    if (!(number >= 1)) return undefined
    let start = 0
    for (let i = 1; i < number; i++) {
      start = this.topic.indexOf('/', start) + 1
      if (start === 0) return undefined
    }
    const end = this.topic.indexOf('/', start)
    return end < 0 ? this.topic.slice(start) : this.topic.slice(start, end)
  }

  /**
   * The payload if it is a JSON object or array; undefined if it is anything else. It is shared by all rules:
   * do not change it.
   *
   * @param keep whether 10.0 is a Decimal, as in SQL version 2015-10-08
   */
  json(keep: boolean): Value {
    if (keep) return this.#exact === null ? (this.#exact = this.#parse(true)) : this.#exact
    return this.#plain === null ? (this.#plain = this.#parse(false)) : this.#plain
  }

  #parse(keep: boolean): Value {
    if (this.payload.length === 0 || this.payload.length > MAX_PAYLOAD_BYTES) return undefined
    if (this.#text === undefined && !isUtf8(this.payload)) return undefined
    const value = parseJson((this.#text ??= this.payload.toString('utf8')), keep)
    return value !== NOT_JSON && (Array.isArray(value) || isObject(value)) ? value : undefined
  }
}
