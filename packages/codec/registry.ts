/** The requests of the codec to the schema registry, over Confluent's HTTP interface. */
import { setTimeout as sleep } from 'node:timers/promises'
import confluent from '@kafkajs/confluent-schema-registry'
import { registryAddress } from '@weir/codec/registry-address.ts'
import { subjectOf } from '@weir/contracts'
import { type AvroNode, type AvroSchema, parseSchema } from '@weir/contracts/avro.ts'
import type { Type } from 'avsc'
import { MULTIPLIES, multiplies } from './definitions.ts'
import { CodecError, RegistryUnavailable } from './errors.ts'

export interface Registry {
  /**
   * The id under which the topic's subject has exactly this schema. Rejects with `not-registered` or
   * `registry-unavailable`.
   */
  idOf(topic: string, schema: AvroSchema): Promise<number>
  /**
   * The schema of that id, or a sentence that says why there is none, which is final. Rejects with
   * `registry-unavailable`.
   */
  schemaOf(id: number): Promise<AvroNode | string>
}

/**
 * A registry that has just started may answer before it has read its store; Apicurio does, for about a
 * second. Its "not found" counts only if, this long after it has returned the landmark's schema, it still does not
 * find the schema (ms).
 */
const SETTLING_MS = 1000
/** After that, every "not found" counts for this long (ms). A registry takes longer to restart. */
const SETTLED_MS = 3000

/**
 * @param timeoutMs for each request; there are no retries, since callers have their own
 * @param landmark the topic whose contract `weir topics apply` registers last
 */
export function registryAt(address: string, timeoutMs: number, landmark: string): Registry {
  const { url, auth } = registryAddress(address)
  const client = new confluent.SchemaRegistry({
    host: url,
    auth,
    retry: { retries: 0 },
    middlewares: [
      () => ({
        prepareRequest: (next) => next().then((request) => request.enhance({ timeout: timeoutMs })),
        response: (next) => next().then(checkAnswer),
      }),
    ],
  })
  let isSettled = false
  let settling: Promise<void> | undefined

  const settle = async (): Promise<void> => {
    await client.getLatestSchemaId(subjectOf(landmark)).catch((error: unknown) => {
      throw unavailable(url, error)
    })
    await sleep(SETTLING_MS)
    isSettled = true
    setTimeout(() => {
      isSettled = false
    }, SETTLED_MS).unref()
  }

  /** Undefined if the registry answers that it has no such schema. */
  const ask = async (id: number): Promise<AvroNode | string | undefined> => {
    try {
      const schema = await client.getSchema(id)
      return 'schema' in schema
        ? parseSchema((schema as Type).schema() as AvroSchema)
        : `Schema ${id} is not an Avro schema.`
    } catch (error) {
      if (isNotFound(error)) return undefined
      if (status(error) === undefined) return `Schema ${id} cannot be used: ${(error as Error).message}`
      isSettled = false
      throw unavailable(url, error)
    }
  }

  return {
    async idOf(topic, schema) {
      const subject = subjectOf(topic)
      try {
        return await client.getRegistryIdBySchema(subject, {
          type: confluent.SchemaType.AVRO,
          schema: JSON.stringify(schema),
        })
      } catch (error) {
        // The client turns a 404 into an error without the status, of a class that it does not export.
        if ((error as Error).name === 'ConfluentSchemaRegistryError' && hasReason(error as Error)) {
          throw new CodecError(
            'not-registered',
            `The registry does not have this version of ${subject}; register the contracts with \`weir topics apply\`.`,
            error,
          )
        }
        throw unavailable(url, error)
      }
    },
    async schemaOf(id) {
      const wasSettled = isSettled
      let schema = await ask(id)
      if (schema === undefined && !wasSettled) {
        await (settling ??= settle().finally(() => {
          settling = undefined
        }))
        schema = await ask(id)
      }
      return schema ?? `The registry does not have a schema with id ${id}.`
    },
  }
}

function status(error: unknown): number | undefined {
  return (error as { status?: number }).status
}

/**
 * Only the registry's own 404, which gives a reason, is a verdict; a 404 from a proxy in front of it, or for
 * a wrong path, is not.
 */
function isNotFound(error: unknown): boolean {
  return status(error) === 404 && hasReason(error as Error)
}

/**
 * Throws for a success that did not come from a registry, but from a proxy, for instance. It says nothing
 * about schemas. Throws an error without a status, which is a verdict, for a schema that the client could not parse in
 * any time.
 */
function checkAnswer<R extends { data(): unknown; status(): number }>(response: R): R {
  const { schema, id } = Object(response.data()) as { schema?: unknown; id?: unknown }
  if (typeof schema === 'string' && isBomb(schema)) throw new Error(MULTIPLIES)
  if (typeof schema === 'string' || typeof id === 'number') return response
  throw Object.assign(new Error('an answer with neither schema nor id'), { status: response.status() })
}

/** Other texts are judged by the client. */
function isBomb(schema: string): boolean {
  try {
    return multiplies(JSON.parse(schema))
  } catch {
    return false
  }
}

function hasReason(error: Error): boolean {
  return !error.message.includes('Error, status 404')
}

/**
 * The client's messages are "name - reason". It reports refused connections and timeouts as status 400, and
 * bodies without a reason as objects.
 */
function unavailable(url: string, error: unknown): RegistryUnavailable {
  const reason = (error as Error).message
    .replace(/^\S+ - /, '')
    .replace('Error, status 400: ', '')
    .replace(/^Error, (status \d+).*$/s, '$1')
  return new RegistryUnavailable(url, reason, error)
}
