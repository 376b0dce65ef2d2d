/** Runs a service as a process: its configuration, its signals, its exit codes. */
import { ConfigError, readConfig } from '@weir/config'
import type { Logger } from './logger.ts'
import type { Limits } from './opening.ts'
import { sentence } from './opening.ts'

export const DEFAULT_LIMITS: Limits = { startMs: 60_000, drainMs: 10_000 }

export const readLimits = (env: NodeJS.ProcessEnv): Limits =>
  readConfig(env, (reader) => ({
    startMs:
      1000 *
      reader.integer(
        'START_SECONDS',
        'How long to wait at startup for servers that do not answer yet, seconds.',
        DEFAULT_LIMITS.startMs / 1000,
        0,
        3600,
      ),
    drainMs:
      1000 *
      reader.integer(
        'DRAIN_SECONDS',
        'How long to finish work in progress after SIGTERM, seconds.',
        DEFAULT_LIMITS.drainMs / 1000,
        1,
        600,
      ),
  }))

/**
 * Returns the configuration that `read` makes of the environment. If it has problems, prints them as text and
 * exits with 2.
 */
export function configured<T>(read: (env: NodeJS.ProcessEnv) => T): T {
  try {
    return read(process.env)
  } catch (error) {
    if (error instanceof ConfigError) exitUnconfigured(error)
    throw error
  }
}

export function onSignals(log: Logger, drainMs: number, stop: () => Promise<void>): void {
  let signalled = false
  const handle = (signal: NodeJS.Signals): void => {
    if (signalled) {
      log.warn({ signal }, 'second signal: stopped at once')
      process.exit(1)
    }
    signalled = true
    log.info({ signal }, 'stopping')
    setTimeout(() => {
      log.error(`did not stop within DRAIN_SECONDS (${drainMs / 1000})`)
      process.exit(1)
    }, drainMs)
    stop().then(
      () => {
        log.info('stopped')
        process.exit(0)
      },
      (error: Error) => {
        log.error(error.message)
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', handle)
  process.on('SIGINT', handle)
}

export function exitUnstarted(error: unknown, log: Logger): never {
  if (error instanceof ConfigError) exitUnconfigured(error)
  log.debug({ err: error }, 'the cause')
  log.fatal(sentence(error))
  process.exit(1)
}

function exitUnconfigured(error: ConfigError): never {
  process.stderr.write(`${error.message}\n`)
  process.exit(2)
}
