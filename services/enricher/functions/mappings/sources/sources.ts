/** The kinds of event sources. */

import type { Account } from '@weir/aws'
import { type ExtraFields, object, oneOf, type ShapedBy } from '@weir/topics/shape.ts'
import { kafka } from './kafka.ts'
import { kinesis } from './kinesis.ts'
import { type EventSource, SourceError, type SourceKind, type SourceRequest } from './source.ts'
import { tables } from './tables.ts'

const KINDS = [kinesis, kafka, tables] as const

/** A source, as the control log or a solution names it. */
export type SourceDefinition = ShapedBy<(typeof KINDS)[number]['shape']>

const kindOf = (kind: SourceDefinition['kind']): SourceKind<SourceDefinition> =>
  KINDS.find((one) => one.kind === kind) as SourceKind<SourceDefinition>

export function eventSource(definition: SourceDefinition): EventSource {
  return kindOf(definition.kind).of(definition)
}

export function sourceShape(value: unknown, at: string, extra: ExtraFields): SourceDefinition {
  const { kind } = object({ kind: oneOf(...KINDS.map((one) => one.kind)) })(value, at, 'ignored')
  return kindOf(kind).shape(value, at, extra)
}

/** Throws a SourceError if the request does not name one source that is served. */
export function sourceOfRequest(request: SourceRequest, account: Account): SourceDefinition {
  const { EventSourceArn, SelfManagedEventSource, Topics } = request
  if (EventSourceArn !== undefined && (SelfManagedEventSource !== undefined || Topics !== undefined))
    throw new SourceError('Give EventSourceArn, or SelfManagedEventSource with Topics, but not both.')
  if (EventSourceArn === undefined && SelfManagedEventSource === undefined)
    throw new SourceError('Unrecognized event source.')
  for (const kind of KINDS) {
    const found = kind.fromRequest(request, account)
    if (found !== undefined) return found
  }
  const forms = KINDS.map(({ requestForm }) => requestForm).join(', or ')
  throw new SourceError(`${EventSourceArn} is not a supported event source; give ${forms}.`)
}
