/**
 * W3C Trace Context, level 1 (section 3.2, the traceparent header), in HTTP headers and in Kafka header
 * blocks.
 */
import { findHeader } from '@weir/kafka/records/headers.ts'
import { randomText } from './random.ts'

export interface TraceContext {
  /** 32 lower-case hex digits. */
  readonly traceId: string
  /** 16 lower-case hex digits: the span that is the parent of whatever receives this context. */
  readonly spanId: string
  /** Bit 0: sampled. */
  readonly flags: number
}

export const TRACEPARENT = 'traceparent'

/** 00-<trace id>-<parent id>-<flags>. A later version may continue after a dash; version ff is forbidden. */
const PATTERN = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const LENGTH = 55
/** A later version may append more, which is not read here. No tracer sends a longer header than this. */
const MOST = 256
const NO_TRACE = '0'.repeat(32)
const NO_SPAN = '0'.repeat(16)

/**
 * Returns the context in the text; undefined if it is missing or malformed, as the specification requires.
 */
export function parseTraceparent(text: string | undefined): TraceContext | undefined {
  if (text === undefined || text.length < LENGTH || text.length > MOST) return undefined
  const match = PATTERN.exec(text)
  if (!match) return undefined
  const [, version, traceId, spanId, flags, more] = match
  if (traceId === NO_TRACE || spanId === NO_SPAN || (version === '00' && more !== undefined)) return undefined
  return { traceId, spanId, flags: Number.parseInt(flags, 16) }
}

/** Returns a new span in the trace of `parent`, or a new, sampled trace. */
export function continueTrace(parent: TraceContext | undefined): TraceContext {
  return {
    traceId: parent?.traceId ?? randomText(16, 'hex'),
    spanId: randomText(8, 'hex'),
    flags: parent?.flags ?? 1,
  }
}

export function formatTraceparent({ traceId, spanId, flags }: TraceContext): string {
  return `00-${traceId}-${spanId}-${flags & 1 ? '01' : '00'}`
}

/**
 * Returns the context in a record's header block. `encodeHeaders({ [TRACEPARENT]: formatTraceparent(trace)
 * })` puts it there.
 */
export function traceOfRecord(block: Buffer, start: number): TraceContext | undefined {
  const value = findHeader(block, start, TRACEPARENT)
  return value && value.length <= MOST ? parseTraceparent(value.toString('latin1')) : undefined
}
