/** Sends the invocation records of asynchronous invocations to the destinations of their functions. */
import { randomUUID } from 'node:crypto'
import { type Account, functionArn, parseArn } from '@weir/aws'
import type { Kafka, Producer } from '@weir/kafka'
import type { Logger } from '@weir/service'
import { type Destination, openDestination } from '../destinations.ts'
import { type AsyncResult, asyncObjectName, invocationRecord } from './invocation-record.ts'
import type { AsyncInvocation } from './queues.ts'

export interface AsyncDestinations {
  /** Resolves when the record is stored at the destination; rejects if the signal aborts first. */
  send(url: string, invocation: AsyncInvocation, result: AsyncResult, signal: AbortSignal): Promise<void>
}

export interface AsyncDestinationsOptions {
  readonly kafka: Kafka
  readonly producer: Producer
  readonly account: Account
  /** Invokes the function that is a destination. */
  add(invocation: AsyncInvocation): Promise<void>
  readonly log: Logger
}

/** The resource of a function's ARN. */
const FUNCTION = /^function:([\w-]+(?::[\w$-]+)?)$/
/**
 * The greatest length of a chain of functions that are each other's destinations (Lambda developer guide,
 * "Recursive loop detection").
 */
const MAX_HOPS = 16

/**
 * Returns the function of an ARN, as it is invoked: NAME or NAME:QUALIFIER. Undefined for other destinations.
 */
export function functionOfArn(url: string): string | undefined {
  const arn = parseArn(url)
  return arn?.service === 'lambda' && arn.accountId !== '' ? FUNCTION.exec(arn.resource)?.[1] : undefined
}

export function openAsyncDestinations({
  kafka,
  producer,
  account,
  add,
  log,
}: AsyncDestinationsOptions): AsyncDestinations {
  const opened = new Map<string, Promise<Destination>>()

  const open = (url: string): Promise<Destination> => {
    const found = opened.get(url) ?? openDestination(url, kafka, producer, log)
    opened.set(url, found)
    return found
  }

  return {
    async send(url, invocation, result, signal) {
      const { functionName, options, hops = 0 } = invocation
      const [name] = functionName.split(':')
      const text = invocationRecord(invocation, result, functionArn(account, name))
      const next = functionOfArn(url)
      if (next === undefined) {
        const objectName = (now: Date): string => asyncObjectName(functionName, now)
        return (await open(url)).send({ text, key: options.requestId, objectName }, signal)
      }
      if (hops >= MAX_HOPS)
        return log.warn(
          { function: functionName, destination: url },
          "functions that are each other's destinations were stopped",
        )
      await add({
        functionName: next,
        payload: Buffer.from(text),
        options: { requestId: randomUUID() },
        acceptedAt: Date.now(),
        hops: hops + 1,
      })
    },
  }
}
