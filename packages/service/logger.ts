/** Writes logs as JSON lines to standard output, one event per line. */
import { hostname } from 'node:os'
import { withoutPasswords } from '@weir/config'
import type { Logger } from 'pino'
import { pino, stdTimeFunctions } from 'pino'
import { LogOutput } from './log-output.ts'
import type { TraceContext } from './trace.ts'

export type { Logger } from 'pino'

/**
 * The name of this process, unique in the cluster: the host name of the pod or container, and the process id
 * to tell neighbours on one host apart.
 */
export const instance = `${hostname()}-${process.pid}`

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

/**
 * Names of secrets in headers and configurations. Redaction is the last line of defence: secrets should not
 * be logged in the first place.
 */
const SECRETS = [
  'authorization',
  'cookie',
  'password',
  'secret',
  'token',
  'apiKey',
  '["x-api-key"]',
  'accessKeyId',
  'secretAccessKey',
  'sessionToken',
]
const at = (path: string, name: string): string =>
  name.startsWith('[') ? `${path}${name}` : `${path}.${name}`
const REDACTED = SECRETS.flatMap((name) => [name, at('*', name), at('*.*', name), at('req.headers', name)])

const STANDARD_OUTPUT = 1
const output = new LogOutput(STANDARD_OUTPUT)
process.on('exit', () => output.flushSync())

/**
 * Returns a logger for this service. LOG_LEVEL is one of fatal, error, warn, info (if unset or unknown),
 * debug, trace, silent.
 */
export function logger(service: string): Logger {
  const level = process.env.LOG_LEVEL ?? 'info'
  const log = pino(
    {
      level: LEVELS.includes(level) ? level : 'info',
      base: { service, instance },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED, censor: '[redacted]' },
      hooks: { streamWrite: withoutPasswords },
    },
    output,
  )
  output.onLost = (lines) => {
    log.warn({ lines }, 'log lines were lost: standard output was blocked for a while; is the disk full?')
  }
  return log
}

/** The fields of a log line that belongs to a trace: `log.child(traceFields(trace))`. */
export function traceFields(trace: TraceContext): { traceId: string; spanId: string } {
  return { traceId: trace.traceId, spanId: trace.spanId }
}
