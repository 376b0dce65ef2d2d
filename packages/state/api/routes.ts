/** States over HTTP: listed, shown and erased by key. */
import { jsonText, printable, RegistryUnavailable } from '@weir/codec'
import { KafkaError } from '@weir/kafka'
import { type Access, HttpError, identify, mayRead, mayWrite } from '@weir/service'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { MAX_KEY_BYTES } from '../disk.ts'
import { type ListedState, TooManyToList } from './lookup.ts'
import type { NamedState, ShownState, States } from './states.ts'

export interface StateRoutesOptions {
  readonly states: States
  readonly access: Access
}

/** Readings of changelogs at a time: each has a fetch of some MiB in memory. */
const MAX_READINGS = 4
const MAX_READING_MS = 30_000
/** How long an eraser waits for the owner of the key. */
const PATIENCE_MS = 15_000
const MAX_LISTED = 1000
const RETRY = { 'retry-after': '1' }

const LIST = {
  type: 'object',
  additionalProperties: false,
  properties: {
    prefix: { type: 'string', maxLength: MAX_KEY_BYTES, default: '' },
    limit: { type: 'integer', minimum: 1, maximum: MAX_LISTED, default: 100 },
  },
} as const

interface Listed {
  readonly Params: { readonly state: string }
  readonly Querystring: { readonly prefix: string; readonly limit: number }
}

const ONE = {
  type: 'object',
  additionalProperties: false,
  required: ['key'],
  properties: { key: { type: 'string', minLength: 1, maxLength: MAX_KEY_BYTES } },
} as const

interface One {
  readonly Params: { readonly state: string }
  readonly Querystring: { readonly key: string }
}

/**
 * Clients that may read the topic of a state see it, and those that may write to the topic have states erased.
 */
export function stateRoutes(app: FastifyInstance, { states, access }: StateRoutesOptions): void {
  const reading = limited()
  const stateFor = (request: FastifyRequest<Listed | One>, may: typeof mayRead): NamedState => {
    const client = identify(access, request, 'Basic')
    const state = knownState(states, request.params.state)
    may(client, state.topic)
    return state
  }
  const reads = { onRequest: async (request: FastifyRequest<any>) => void stateFor(request, mayRead) }

  app.get('/v1/states', async (request, reply) => {
    const client = identify(access, request, 'Basic')
    const names = states.all.map(({ topic }) => topic).filter((topic) => client.mayRead(topic))
    return reply.header('cache-control', 'no-store').send({ states: names })
  })

  app.get<Listed>(
    '/v1/states/:state/keys',
    { ...reads, schema: { querystring: LIST } },
    async ({ params, query: { prefix, limit } }, reply) => {
      const state = knownState(states, params.state)
      const options = { prefix: Buffer.from(prefix), limit }
      const found = await reading((signal) => states.list(state, options, signal))
      return reply
        .header('cache-control', 'no-store')
        .send({ keys: found.states.map(listed), more: found.more })
    },
  )

  app.get<One>(
    '/v1/states/:state',
    { ...reads, schema: { querystring: ONE } },
    async ({ params, query }, reply) => {
      const [state, key] = [knownState(states, params.state), keyOf(query.key)]
      const found = await reading((signal) => states.get(state, key, signal))
      if (found === undefined) throw withoutState(state)
      return reply
        .header('cache-control', 'no-store')
        .type('application/json')
        .send(jsonText(shown(key, found)))
    },
  )

  app.delete<One>(
    '/v1/states/:state',
    {
      bodyLimit: 1024,
      schema: { querystring: ONE },
      onRequest: async (request) => void stateFor(request, mayWrite),
    },
    async (request, reply) => {
      const [state, key] = [stateFor(request, mayWrite), keyOf(request.query.key)]
      const by = identify(access, request).name ?? 'a local client'
      const outcome = await reading((signal) => states.erase(state, key, by, PATIENCE_MS, signal))
      if (outcome === 'unknown') throw withoutState(state)
      return reply.code(outcome === 'erased' ? 200 : 202).send({ outcome })
    },
  )
}

function knownState(states: States, name: string): NamedState {
  const state = states.named(name)
  if (state !== undefined) return state
  const known = states.all.map(({ topic }) => topic).join(', ')
  throw new HttpError(
    404,
    'unknown-state',
    `This service has no such state; ${known === '' ? 'it has none' : `there are ${known}`}.`,
  )
}

const withoutState = ({ topic }: NamedState): HttpError =>
  new HttpError(404, 'unknown-key', `The key does not have a state in ${topic}.`)

function keyOf(text: string): Buffer {
  const key = Buffer.from(text)
  if (key.length <= MAX_KEY_BYTES) return key
  throw new HttpError(
    400,
    'invalid-key',
    `The key has ${key.length} bytes; a key with a state has at most ${MAX_KEY_BYTES}.`,
  )
}

/** Returns a function that runs a few readings at a time, each for a limited time. */
function limited() {
  let running = 0
  return async <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    if (running >= MAX_READINGS)
      throw new HttpError(503, 'busy', 'Others are reading states; ask again in a second.', RETRY)
    running++
    const signal = AbortSignal.timeout(MAX_READING_MS)
    try {
      return await work(signal)
    } catch (error) {
      throw explained(error, signal)
    } finally {
      running--
    }
  }
}

function explained(error: unknown, signal: AbortSignal): unknown {
  if (error instanceof TooManyToList) return new HttpError(400, 'too-many-keys', error.message)
  if (error instanceof RegistryUnavailable || (error instanceof KafkaError && error.retriable))
    return new HttpError(503, error.code, error.message, RETRY)
  if (signal.aborted)
    return new HttpError(
      504,
      'timeout',
      `The changelog could not be read within ${MAX_READING_MS / 1000} s; ask again when the brokers are less busy.`,
    )
  return error
}

const listed = ({ key, partition, bytes, changedAt }: ListedState) => ({
  key: printable(key),
  partition,
  bytes,
  changedAt: new Date(changedAt).toISOString(),
})

const shown = (key: Buffer, { partition, size, changedAt, value, bytes, problem }: ShownState) => ({
  ...listed({ key, partition, bytes: size, changedAt }),
  ...(problem === undefined ? { value } : { problem, hex: bytes?.toString('hex') }),
})
