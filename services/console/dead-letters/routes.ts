/** HTTP routes that show dead letters and redrive them. */
import type { Codec } from '@weir/codec'
import type { DeadLetterTopic } from '@weir/contracts'
import type { Kafka } from '@weir/kafka'
import { type Access, HttpError, identify, isFromForeignPage, mayRead, mayWrite } from '@weir/service'
import { topics } from '@weir/solutions'
import { deadLetterTopics, originsOf } from '@weir/solutions/dead-letters.ts'
import { newestLetters, type Selection, selectorOf } from '@weir/topics/dead-letters/index.ts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { newestOf } from './board.ts'
import type { Redrives } from './redrives.ts'
import { pageLetter } from './shown.ts'

export interface LetterRoutesOptions {
  readonly access: Access
  readonly kafka: Kafka
  readonly codec: Codec
  readonly redrives: Redrives
}

const SHOWN = 50
/** Larger values are not decoded. */
const MAX_VALUE_BYTES = 256 << 10
const TIMEOUT_MS = 10_000
/** The most requests at once that read a topic. */
const MAX_AT_ONCE = 4

const name = { type: 'string', minLength: 1, maxLength: 249 } as const
const cause = { flow: name, step: name, code: name } as const
const QUERY = { type: 'object', required: ['topic'], properties: { topic: name, ...cause } } as const
const BODY = {
  type: 'object',
  required: ['topic'],
  additionalProperties: false,
  properties: {
    topic: name,
    ...cause,
    at: {
      type: 'array',
      minItems: 1,
      maxItems: 1000,
      items: { type: 'string', pattern: '^\\d{1,9}:\\d{1,16}$' },
    },
  },
  // An empty selection would redrive everything by mistake: either the cause or the places are required.
  anyOf: [{ required: ['flow', 'step', 'code'] }, { required: ['at'] }],
} as const

interface Asked extends Pick<Selection, 'flow' | 'step' | 'code' | 'at'> {
  readonly topic: string
}

export function letterRoutes({ access, kafka, codec, redrives }: LetterRoutesOptions) {
  let reading = 0
  return async (app: FastifyInstance): Promise<void> => {
    app.get<{ Querystring: Asked }>(
      '/dead-letters',
      { schema: { querystring: QUERY } },
      async (request, reply) => {
        const topic = deadLetterTopic(request.query.topic)
        mayRead(identify(access, request, 'Basic'), topic)
        if (reading >= MAX_AT_ONCE)
          throw new HttpError(
            503,
            'busy',
            'Too many requests read dead letters now; try again in a few seconds.',
            {
              'retry-after': '2',
            },
          )
        reading++
        try {
          const { letters } = await newestLetters({
            kafka,
            codec,
            topics,
            topic,
            select: selectorOf(causeOf(request.query)),
            count: SHOWN,
            maxValueBytes: MAX_VALUE_BYTES,
            from: newestOf(topic, await kafka.admin.offsets(topic)).from,
            signal: AbortSignal.timeout(TIMEOUT_MS),
          })
          return reply
            .header('cache-control', 'no-store')
            .send({ letters: letters.toReversed().map(pageLetter) })
        } catch (error) {
          throw new HttpError(503, 'unavailable', sentenceOf(error as Error), { 'retry-after': '2' })
        } finally {
          reading--
        }
      },
    )

    app.post<{ Body: Asked }>(
      '/dead-letters/redrive',
      { schema: { body: BODY }, onRequest: async (request) => void requireOwnPage(request) },
      async (request, reply) => {
        const client = identify(access, request, 'Basic')
        const { topic: asked, ...selection } = request.body
        const topic = deadLetterTopic(asked)
        // The dead-letter topic gets a mark for each letter that was sent back.
        mayWrite(client, topic)
        for (const origin of originsOf(topic)) mayWrite(client, origin)
        const { id } = redrives.start(topic, selection, client.name)
        return reply.code(202).send({ id })
      },
    )
  }
}

/**
 * A browser sends a key that it remembers with requests from other sites too. Their pages can only send forms and
 * plain text without asking first.
 */
function requireOwnPage(request: FastifyRequest): void {
  if (isFromForeignPage(request.headers) && URL.parse(request.headers.origin ?? '')?.host !== request.host)
    throw new HttpError(403, 'foreign-page', 'Only pages of the console may send dead letters back.')
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? ''))
    throw new HttpError(415, 'unsupported-media-type', 'Send JSON, with content-type: application/json.')
}

const causeOf = ({ flow, step, code }: Asked): Selection => ({ flow, step, code })

function deadLetterTopic(asked: string): DeadLetterTopic {
  const found = deadLetterTopics().find((topic) => topic === asked)
  if (found) return found
  throw new HttpError(
    404,
    'unknown-topic',
    `There is no such dead-letter topic; there are ${deadLetterTopics().join(', ')}.`,
  )
}

/** Names the server that does not answer. */
function sentenceOf({ name, message }: Error): string {
  if (name === 'TimeoutError')
    return `The letters could not be read within ${TIMEOUT_MS / 1000} s; try again.`
  return name === 'RegistryUnavailable'
    ? 'The schema registry does not answer, so letters cannot be decoded; start it or correct REGISTRY_URL.'
    : `The letters cannot be read now: ${message}`
}
