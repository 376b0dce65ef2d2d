/** Sends the invocation records of events to the destinations of their functions. */
import { randomUUID } from 'node:crypto'
import type { Kafka, Producer } from '@weir/kafka'
import type { Logger } from '@weir/service'
import { type Destination, openDestination } from '../destinations.ts'
import { type EventResult, eventObjectName, invocationRecord } from './invocation-record.ts'
import type { Event } from './queues.ts'

export interface EventDestinations {
  /** Resolves when the record is stored at the destination; rejects if the signal aborts first. */
  send(url: string, event: Event, result: EventResult, signal: AbortSignal): Promise<void>
}

export interface EventDestinationsOptions {
  readonly kafka: Kafka
  readonly producer: Producer
  readonly account: { readonly region: string; readonly accountId: string }
  /** Invokes the function that is a destination. */
  add(event: Event): Promise<void>
  readonly log: Logger
}

const FUNCTION = /^arn:aws[^:]*:lambda:[^:]*:\d{12}:function:([\w-]+(?::[\w$-]+)?)$/
/**
 * The greatest length of a chain of functions that are each other's destinations (Lambda developer guide,
 * "Recursive loop detection").
 */
const MAX_HOPS = 16

/**
 * Returns the function of an ARN, as it is invoked: NAME or NAME:QUALIFIER. Undefined for other destinations.
 */
export function functionOfArn(url: string): string | undefined {
  return FUNCTION.exec(url)?.[1]
}

export function openEventDestinations({
  kafka,
  producer,
  account,
  add,
  log,
}: EventDestinationsOptions): EventDestinations {
  const opened = new Map<string, Promise<Destination>>()

  const open = (url: string): Promise<Destination> => {
    const found = opened.get(url) ?? openDestination(url, kafka, producer, log)
    opened.set(url, found)
    return found
  }

  return {
    async send(url, event, result, signal) {
      const functionArn = `arn:aws:lambda:${account.region}:${account.accountId}:function:${event.functionName.split(':')[0]}`
      const text = invocationRecord(event, result, functionArn)
      const functionName = functionOfArn(url)
      if (functionName === undefined) {
        const {
          functionName: name,
          options: { requestId },
        } = event
        return (await open(url)).send(
          { text, key: requestId, objectName: (now) => eventObjectName(name, now) },
          signal,
        )
      }
      const hops = (event.hops ?? 0) + 1
      if (hops > MAX_HOPS)
        return log.warn(
          { function: event.functionName, destination: url },
          "functions that are each other's destinations were stopped",
        )
      await add({
        functionName,
        payload: Buffer.from(text),
        options: { requestId: randomUUID() },
        acceptedAt: Date.now(),
        hops,
      })
    },
  }
}
