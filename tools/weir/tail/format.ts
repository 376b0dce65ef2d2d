/** One record as a line for people, or as a JSON object for programs. */
import { styled } from '../terminal/table.ts'
import type { SeenRecord } from './decoder.ts'

/** time, key, partition:offset, value. Nulls inside the value are left out: they say nothing to the eye. */
export function recordLine(record: SeenRecord, now: number): string {
  const { timestamp, key, partition, offset } = record
  return [styled('dim', shortTime(timestamp, now)), styled('cyan', key ?? '-'), styled('dim', `${partition}:${offset}`), valueText(record)].join('  ')
}

function valueText({ value, bytes, problem }: SeenRecord): string {
  if (bytes) return `${hex(bytes, 64)}  ${styled('red', problem ?? '')}`
  return value === null ? '(tombstone)' : JSON.stringify(value, (_, inner) => (inner === null ? undefined : typeof inner === 'number' ? shortest(inner) : asJson(inner)))
}

/** A float as it was written (12.6) instead of what it is as a double (12.600000381469727). */
function shortest(value: number): number {
  const short = Number(value.toPrecision(7))
  return Math.fround(short) === value ? short : value
}

export function recordJson({ timestamp, topic, partition, offset, key, headers, value, bytes, problem }: SeenRecord): Record<string, unknown> {
  return {
    time: new Date(timestamp).toISOString(), topic, partition, offset, key, id: headers['weir-id'], source: headers['weir-source'],
    ...bytes ? { hex: bytes.toString('hex'), problem } : { value },
  }
}

/** JSON text of a record; bytes inside values as base64, like protobuf's JSON mapping. */
export const jsonText = (value: unknown): string => JSON.stringify(value, (_, inner) => asJson(inner))

function asJson(inner: unknown): unknown {
  const bytes = inner as { type?: string, data?: number[] } | null
  return typeof bytes === 'object' && bytes?.type === 'Buffer' && Array.isArray(bytes.data) ? Buffer.from(bytes.data).toString('base64') : inner
}

/** The time of day, UTC; with the date where it is not today's. */
export function shortTime(timestamp: number, now: number): string {
  const text = new Date(timestamp).toISOString()
  return text.slice(0, 10) === new Date(now).toISOString().slice(0, 10) ? text.slice(11, 23) : text.slice(0, 23).replace('T', ' ')
}

export function hex(bytes: Buffer, most: number): string {
  return `0x${bytes.subarray(0, most).toString('hex')}${bytes.length > most ? `… (${bytes.length} bytes)` : ''}`
}
