/** Formats one record as a line for people, or as a JSON object for programs. */
import { asJson, hex, printable } from '@weir/codec'
import { HEADERS } from '@weir/contracts'
import type { SeenHeaders } from '@weir/topics/dead-letters/index.ts'
import { styled } from '../terminal/table.ts'
import type { SeenRecord } from './decoder.ts'

/**
 * Formats a record as time, key, partition:offset, value. Nulls inside the value are left out: they do not
 * help a reader.
 */
export function recordLine(record: SeenRecord, now: number): string {
  const { timestamp, key, partition, offset } = record
  const shownKey = key === '' ? '""' : (key ?? '-')
  return [
    styled('dim', shortTime(timestamp, now)),
    styled('cyan', shownKey),
    styled('dim', `${partition}:${offset}`),
    valueText(record),
  ].join('  ')
}

function valueText({ value, bytes, problem }: SeenRecord): string {
  if (bytes) return `${hex(bytes, 64)}  ${styled('red', problem ?? '')}`
  return value === null
    ? '(tombstone)'
    : JSON.stringify(value, (_, inner) =>
        inner === null ? undefined : typeof inner === 'number' ? shortest(inner) : asJson(inner),
      )
}

/** Returns a float as it was written (12.6) instead of its value as a double (12.600000381469727). */
function shortest(value: number): number {
  const short = Number(value.toPrecision(7))
  return Math.fround(short) === value ? short : value
}

export function recordJson({
  timestamp,
  topic,
  partition,
  offset,
  key,
  headers,
  value,
  bytes,
  problem,
}: SeenRecord): Record<string, unknown> {
  return {
    time: new Date(timestamp).toISOString(),
    topic,
    partition,
    offset,
    key,
    id: headerText(headers, HEADERS.id),
    source: headerText(headers, HEADERS.source),
    headers: headersJson(headers),
    ...(bytes ? { hex: bytes.toString('hex'), problem } : { value }),
  }
}

/** Returns the header as flows read it: the first with this name that is not null. */
export const headerText = (headers: SeenHeaders, name: string): string | undefined =>
  headers.find(([one, value]) => one === name && value !== null)?.[1]?.toString('utf8')

/** Returns headers by name, each as its text or null; a name that occurs several times has a list. */
export function headersJson(headers: SeenHeaders): Record<string, string | null | (string | null)[]> {
  const byName = new Map<string, (string | null)[]>()
  for (const [name, value] of headers) {
    const values = byName.get(name)
    const text = value && printable(value)
    if (values) values.push(text)
    else byName.set(name, [text])
  }
  return Object.fromEntries(
    [...byName].map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  )
}

/** Formats the time of day, UTC; with the date if it is not today's. */
export function shortTime(timestamp: number, now: number): string {
  const text = new Date(timestamp).toISOString()
  return text.slice(0, 10) === new Date(now).toISOString().slice(0, 10)
    ? text.slice(11, 23)
    : text.slice(0, 23).replace('T', ' ')
}
