/** The options that select dead letters. */
import type { Selection } from '@weir/topics/dead-letters/index.ts'
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

export const readSelection = ({ flow, step, code, since, until, at }: SelectOptions): Selection => ({
  flow,
  step,
  code,
  since: since === undefined ? undefined : moment('--since', since),
  until: until === undefined ? undefined : moment('--until', until),
  at: at?.map(readPlace),
})

export const selectsNothing = ({ flow, step, code, since, until, at }: SelectOptions): boolean =>
  [flow, step, code, since, until, at].every((option) => option === undefined)

function readPlace(text: string): string {
  const match = /^(\d+):(\d+)$/.exec(text)
  if (!match)
    throw new UsageError(`--at is "${text}"; write it as partition:offset, as \`weir dlq show\` does.`)
  return `${Number(match[1])}:${Number(match[2])}`
}
