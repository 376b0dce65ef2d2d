/** A search engine as the destination of sinks. */
import type { Destination, Fault, Reply, Request, Verdict } from '@weir/sinks'
import type { BulkItem, SearchEngine } from '../engines/engine.ts'
import { EngineError } from '../engines/errors.ts'
import { remedyFor, verdictOf } from '../engines/verdicts.ts'
import { indexOf } from './bulk.ts'

/** The maximum length of an engine's message in the log, in characters. */
const MAX_REASON_LENGTH = 500

/** @param prepare makes the engine ready for documents; repeated after every outage */
export function engineDestination(engine: SearchEngine, prepare: () => Promise<void>): Destination {
  const { name } = engine
  return {
    name,
    step: 'index',
    prepare,
    probe: async () => void (await engine.health()),
    reconnect: () => engine.reconnect(),
    async send(request) {
      const { items } = await engine.bulk(request.body())
      if (items.length !== request.count)
        throw new EngineError(
          'unavailable',
          `${name} answered for ${items.length} of ${request.count} documents`,
        )
      return new BulkVerdicts(items, request)
    },
  }
}

class BulkVerdicts implements Reply {
  readonly #items: readonly BulkItem[]
  readonly #request: Request<unknown>

  constructor(items: readonly BulkItem[], request: Request<unknown>) {
    this.#items = items
    this.#request = request
  }

  verdict(i: number): Verdict {
    return verdictOf(this.#items[i])
  }

  refusal(i: number): string {
    return whatItSays(this.#items[i])
  }

  fault(i: number): Fault {
    const item = this.#items[i]
    return {
      target: indexOf(this.#request.item(i)),
      type: item.error?.type ?? `status ${item.status}`,
      reason: whatItSays(item).slice(0, MAX_REASON_LENGTH),
      remedy: remedyFor(item),
    }
  }
}

function whatItSays({ error, status }: BulkItem): string {
  if (!error) return `The engine answered ${status}.`
  const cause = error.caused_by?.reason
  return `${error.type}: ${error.reason ?? 'no reason given'}${cause ? ` (${cause})` : ''}`
}
