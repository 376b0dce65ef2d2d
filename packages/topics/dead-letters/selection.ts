/** Selects dead letters: every given condition must hold. Decides by headers alone, without decoding. */
import { HEADERS } from '@weir/contracts'
import { headerOf, type RecordBatch } from '@weir/kafka'

export interface Selection {
  readonly flow?: string | undefined
  readonly step?: string | undefined
  readonly code?: string | undefined
  /** Ms since the epoch; `until` itself is not included. */
  readonly since?: number | undefined
  readonly until?: number | undefined
  /** Places in the dead-letter topic, as partition:offset. */
  readonly at?: readonly string[] | undefined
}

export type Select = (batch: RecordBatch, index: number) => boolean

export function selectorOf({ flow, step, code, since, until, at }: Selection): Select {
  const conditions: Select[] = []
  const header = (name: string, wanted: string | undefined): void => {
    if (wanted !== undefined)
      conditions.push((batch, index) => headerOf(batch, index, name)?.toString('utf8') === wanted)
  }
  header(HEADERS.deadFlow, flow)
  header(HEADERS.deadStep, step)
  header(HEADERS.deadCode, code)
  if (since !== undefined) conditions.push((batch, index) => batch.timestamps[index] >= since)
  if (until !== undefined) conditions.push((batch, index) => batch.timestamps[index] < until)
  if (at !== undefined) {
    const places = new Set(at)
    conditions.push((batch, index) => places.has(`${batch.partition}:${batch.offsets[index]}`))
  }
  return (batch, index) => conditions.every((holds) => holds(batch, index))
}
