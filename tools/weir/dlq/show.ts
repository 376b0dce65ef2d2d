/** Formats a dead letter for people, or as JSON for programs. */
import { hex, jsonText, printable } from '@weir/codec'
import type { ShownLetter } from '@weir/topics/dead-letters/index.ts'
import { headersJson } from '../tail/format.ts'
import { styled } from '../terminal/table.ts'

/** The most bytes of a binary key, header or value that are shown to people; --json has them all. */
const SHOWN_BYTES = 256

export function letterText({ at, redriven, letter, headers, value, problem }: ShownLetter): string {
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

export function letterJson({ at, redriven, letter, headers, value, problem }: ShownLetter): string {
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
