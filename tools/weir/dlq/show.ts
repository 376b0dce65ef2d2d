/** Shows a dead letter to people: cause, origin, headers, and the record as far as it can be read. */
import { type DeadLetter, isDeadLetterHeader } from '@weir/contracts'
import { listHeaders, type RecordBatch } from '@weir/kafka'
import type { DecodeValue, SeenHeaders } from '../tail/decoder.ts'
import { headersJson, hex, jsonText, printable } from '../tail/format.ts'
import { styled } from '../terminal/table.ts'

const TRUNCATED = 'Truncated: this is the beginning of the value, the whole lies at its origin.'
/** The most bytes of a binary key, header or value that are shown to people; --json has them all. */
const SHOWN_BYTES = 256

export interface ShownLetter {
  /** partition:offset */
  readonly at: string
  readonly letter: DeadLetter
  readonly headers: SeenHeaders
  /**
   * The original value, decoded by its contract; undefined if it cannot be decoded, for the reason in
   * `problem`.
   */
  readonly value: unknown
  readonly problem: string | undefined
}

/** @param decode decodes values of the origin topic */
export async function showLetter(
  batch: RecordBatch,
  index: number,
  letter: DeadLetter,
  decode: DecodeValue,
): Promise<ShownLetter> {
  const decoded =
    letter.lastOffset !== null
      ? { value: undefined, problem: 'Nothing of these records could be read.' }
      : letter.truncated
        ? { value: undefined, problem: TRUNCATED }
        : letter.value === null
          ? { value: null, problem: undefined }
          : await decode(letter.value)
  const headers = listHeaders(batch.bytes, batch.headersStart[index])
    .filter(([name]) => !isDeadLetterHeader(name))
    // The batch's own bytes are gone when dead letters are shown.
    .map(([name, bytes]) => [name, bytes && Buffer.from(bytes)] as const)
  return {
    at: `${batch.partition}:${batch.offsets[index]}`,
    letter,
    headers,
    value: decoded.value,
    problem: decoded.problem,
  }
}

export function letterText({ at, letter, headers, value, problem }: ShownLetter, redriven: boolean): string {
  const { flow, step, code, message, topic, partition, offset, lastOffset, timestamp, failedAt, key } = letter
  const arrived = `arrived ${new Date(timestamp).toISOString()}`
  const place = lastOffset === null ? `${offset}, ${arrived}` : `${offset} to ${lastOffset}`
  const rows: [string, string][] = [
    ['cause', `${styled('red', code)} in ${flow}, step ${step}: ${message}`],
    ['failed', new Date(failedAt).toISOString()],
    ['origin', `${topic} ${partition}:${place}`],
    ['key', key === null ? '-' : shown(key)],
    ...headers.map(([name, bytes]): [string, string] => [
      'header',
      `${name}: ${bytes === null ? '(null)' : shown(bytes)}`,
    ]),
    [
      'value',
      problem === undefined
        ? jsonText(value)
        : `${problem}\n          ${letter.value ? hex(letter.value, SHOWN_BYTES) : '-'}`,
    ],
  ]
  return `${styled('bold', `letter ${at}`)}${redriven ? ' (sent back already)' : ''}\n${rows.map(([name, text]) => `  ${name.padEnd(6)}  ${text}\n`).join('')}`
}

export function letterJson({ at, letter, headers, value, problem }: ShownLetter, redriven: boolean): string {
  const { key, value: bytes, ...cause } = letter
  return JSON.stringify({
    at,
    redriven,
    ...cause,
    timestamp: new Date(letter.timestamp).toISOString(),
    failedAt: new Date(letter.failedAt).toISOString(),
    key: key === null ? null : printable(key),
    headers: headersJson(headers),
    ...(problem === undefined ? { value } : { problem, hex: bytes?.toString('hex') }),
  })
}

const shown = (bytes: Buffer): string => (bytes.length === 0 ? '""' : printable(bytes, SHOWN_BYTES))
