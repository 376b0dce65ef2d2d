/**
 * The logger of a request. It is a child of the service's logger, made when something is logged: making it takes
 * longer than finding the request's route.
 */
import type { FastifyBaseLogger } from 'fastify'

type ChildOptions = Parameters<FastifyBaseLogger['child']>[1]

const METHODS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent', 'child'] as const

class RequestLog {
  readonly #make: () => FastifyBaseLogger
  #made: FastifyBaseLogger | undefined

  constructor(make: () => FastifyBaseLogger) {
    this.#make = make
  }

  get made(): FastifyBaseLogger {
    return (this.#made ??= this.#make())
  }

  get level(): string {
    return this.made.level
  }
}

for (const name of METHODS)
  Object.defineProperty(RequestLog.prototype, name, {
    writable: true,
    value(this: RequestLog, ...args: unknown[]) {
      return (this.made[name] as (...args: unknown[]) => unknown)(...args)
    },
  })

/** @param fields of all lines of the request */
export function requestLog(
  parent: FastifyBaseLogger,
  fields: () => object,
  options: ChildOptions,
): FastifyBaseLogger {
  return new RequestLog(() => parent.child(fields(), options)) as unknown as FastifyBaseLogger
}
