/** A dead letter as the page shows it: bounded, and all of it text. */
import { hex, jsonText, printable } from '@weir/codec'
import type { ShownLetter } from '@weir/topics/dead-letters/index.ts'

export interface PageLetter {
  /** partition:offset */
  readonly at: string
  readonly redriven: boolean
  readonly flow: string
  readonly step: string
  readonly code: string
  readonly message: string
  /** TOPIC PARTITION:OFFSET, or with the last of several offsets. */
  readonly origin: string
  /** Ms since the epoch. */
  readonly arrivedAt: number
  readonly failedAt: number
  readonly key: string | null
  readonly headers: readonly (readonly [name: string, value: string | null])[]
  /** JSON, or the value's beginning in hex; cut where it is long. */
  readonly value: string
  /** The size of the value, in bytes. */
  readonly bytes: number
  /** Why the value is not decoded; null if it is. */
  readonly problem: string | null
}

const MAX_TEXT = 16 << 10
const MAX_LINE = 2000
const MAX_BYTES = 256
const MAX_HEADERS = 50

export function pageLetter({ at, redriven, letter, headers, value, problem }: ShownLetter): PageLetter {
  const { topic, partition, offset, lastOffset, key } = letter
  return {
    at,
    redriven,
    flow: cut(letter.flow, MAX_LINE),
    step: cut(letter.step, MAX_LINE),
    code: cut(letter.code, MAX_LINE),
    message: cut(letter.message, MAX_LINE),
    origin: cut(`${topic} ${partition}:${offset}${lastOffset === null ? '' : ` to ${lastOffset}`}`, MAX_LINE),
    arrivedAt: letter.timestamp,
    failedAt: letter.failedAt,
    key: key && line(key),
    headers: headers
      .slice(0, MAX_HEADERS)
      .map(([name, bytes]) => [cut(name, MAX_LINE), bytes && line(bytes)]),
    value: cut(
      problem === undefined
        ? (JSON.stringify(JSON.parse(jsonText(value)), null, 2) ?? 'null')
        : letter.value === null
          ? ''
          : hex(letter.value, MAX_BYTES),
      MAX_TEXT,
    ),
    bytes: letter.value?.length ?? 0,
    problem: problem ?? null,
  }
}

const line = (bytes: Buffer): string => cut(printable(bytes.subarray(0, MAX_LINE), MAX_BYTES), MAX_LINE)

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`
}
