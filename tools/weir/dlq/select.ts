/** Selects dead letters: every given condition must hold. Decides by headers alone, without decoding. */
import { HEADERS } from '@weir/contracts'
import { headerOf, type RecordBatch } from '@weir/kafka'
import { moment, UsageError } from '../command.ts'

export interface SelectOptions {
  readonly flow?: string | undefined
  readonly step?: string | undefined
  readonly code?: string | undefined
  readonly since?: string | undefined
  readonly until?: string | undefined
  /** partition:offset in the dead-letter topic. */
  readonly at?: readonly string[] | undefined
}

export const SELECT_OPTIONS = {
  flow: { type: 'string' },
  step: { type: 'string' },
  code: { type: 'string' },
  since: { type: 'string' },
  until: { type: 'string' },
  at: { type: 'string', multiple: true },
} as const

export type Select = (batch: RecordBatch, index: number) => boolean

export function readSelect({ flow, step, code, since, until, at }: SelectOptions): Select {
  const conditions: Select[] = []
  const header = (name: string, wanted: string | undefined): void => {
    if (wanted !== undefined)
      conditions.push((batch, index) => headerOf(batch, index, name)?.toString('utf8') === wanted)
  }
  header(HEADERS.deadFlow, flow)
  header(HEADERS.deadStep, step)
  header(HEADERS.deadCode, code)
  if (since !== undefined) {
    const from = moment('--since', since)
    conditions.push((batch, index) => batch.timestamps[index] >= from)
  }
  if (until !== undefined) {
    const to = moment('--until', until)
    conditions.push((batch, index) => batch.timestamps[index] < to)
  }
  if (at !== undefined) {
    const places = new Set(at.map(readPlace))
    conditions.push((batch, index) => places.has(`${batch.partition}:${batch.offsets[index]}`))
  }
  return (batch, index) => conditions.every((holds) => holds(batch, index))
}

export const selectsNothing = ({ flow, step, code, since, until, at }: SelectOptions): boolean =>
  [flow, step, code, since, until, at].every((option) => option === undefined)

function readPlace(text: string): string {
  const match = /^(\d+):(\d+)$/.exec(text)
  if (!match)
    throw new UsageError(`--at is "${text}"; write it as partition:offset, as \`weir dlq show\` does.`)
  return `${Number(match[1])}:${Number(match[2])}`
}
