/** The HTTP door: POST /v1/topics/TOPIC/records. */
import swagger from '@fastify/swagger'
import {
  type Access,
  announcedBytes,
  clientOf,
  formatTraceparent,
  HttpError,
  identify,
  leaseOf,
  mayWrite,
  stage,
  traceOf,
  underPressure,
} from '@weir/service'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Collector } from '../../intake/collector.ts'
import type { Intake, IntakeTopic } from '../../intake/intake.ts'
import { RecordHeaders } from '../../intake/record-headers.ts'
import { Submission } from '../../intake/submission.ts'
import { topicsOfDoor } from '../topics.ts'
import { answer, withoutBroker } from './answer.ts'
import { chunksOf, encodingOf, tooLarge } from './body.ts'
import { parseBatch } from './json-batch.ts'
import { LIMITS } from './limits.ts'
import { storeLines } from './ndjson.ts'
import { documentation, recordsSchema } from './openapi.ts'
import { Outcome } from './outcome.ts'
import { formatOf, sourceOf, unknownTopic } from './request.ts'
import { BodySlabs, slabBytes } from './slabs.ts'

/** Bytes of an id in memory and in an answer that repeats it, including an error listed beside it. */
const ID_BYTES = 1024

export interface HttpDoorOptions {
  readonly intake: Intake
  readonly access: Access
  readonly collector: Collector
  /** Whether a broker answers. */
  connected(): boolean
}

export function httpDoor({
  intake,
  access,
  collector,
  connected,
}: HttpDoorOptions): (app: FastifyInstance) => Promise<void> {
  const counts = stage('ingest-hub.http')
  const open: ReadonlySet<string> = new Set(topicsOfDoor('http'))

  async function store(
    topic: IntakeTopic,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const started = performance.now()
    const client = identify(access, request)
    mayWrite(client, topic.name)
    const format = formatOf(request)
    if (!connected()) throw withoutBroker()
    const headers = new RecordHeaders(
      sourceOf(request, client),
      formatTraceparent(traceOf(request)),
      client.name,
    )
    const submission = (first: number): Submission =>
      new Submission(topic, intake.producer, headers, Date.now(), first)
    const wantsIds = (request.query as { ids?: string }).ids === 'true'
    const { outcome, ids } =
      format === 'json'
        ? await storeBatch(topic, request, submission, wantsIds)
        : await storeStream(topic, request, submission, wantsIds)
    counts.done(outcome.stored)
    counts.failed(outcome.failed)
    counts.latency(performance.now() - started, outcome.stored)
    if (outcome.cause)
      request.log.warn(
        { err: outcome.cause, topic: topic.name, failed: outcome.failed },
        'records were not stored',
      )
    return answer(request, reply, outcome, ids)
  }

  async function storeBatch(
    topic: IntakeTopic,
    request: FastifyRequest,
    begin: (first: number) => Submission,
    wantsIds: boolean,
  ): Promise<Stored> {
    const submission = await readBatch(topic, request, begin, wantsIds)
    const outcome = new Outcome()
    outcome.add(submission, await submission.settled())
    return { outcome, ids: wantsIds ? submission.ids : undefined }
  }

  /** Separate from storeBatch, so that the body and its values can be freed while the broker is awaited. */
  async function readBatch(
    topic: IntakeTopic,
    request: FastifyRequest,
    begin: (first: number) => Submission,
    wantsIds: boolean,
  ): Promise<Submission> {
    const encoding = encodingOf(request.raw)
    const announced = announcedBytes(request.raw)
    if (announced > LIMITS.bodyBytes) throw tooLarge(LIMITS.bodyBytes)
    const lease = leaseOf(request)
    // Refuses a body for which there is no room, before it is sent. Its announced size is only checked, not
    // reserved.
    if (!lease.cover(slabBytes(announced)) || !lease.cover(0)) throw underPressure()
    const body = new BodySlabs()
    let kept = 0
    try {
      for await (const chunk of chunksOf(request.raw, encoding, LIMITS.bodyBytes)) {
        if (body.length + chunk.length > LIMITS.bodyBytes) throw tooLarge(LIMITS.bodyBytes)
        if (!lease.cover(slabBytes(body.length + chunk.length))) throw underPressure()
        body.push(chunk)
      }
      // Checks the right again: reading the body may have taken a while.
      mayWrite(identify(access, request), topic.name)
      const records = parseBatch(body)
      kept = wantsIds ? records.length * ID_BYTES : 0
      if (!lease.cover(slabBytes(body.length) + kept)) throw underPressure()
      const submission = begin(0)
      for (const record of records) submission.add(record)
      return submission
    } finally {
      body.release()
      lease.cover(kept)
      collector.look()
    }
  }

  async function storeStream(
    topic: IntakeTopic,
    request: FastifyRequest,
    submission: (first: number) => Submission,
    wantsIds: boolean,
  ): Promise<Stored> {
    if (wantsIds)
      throw new HttpError(
        400,
        'no-ids',
        'Ids are returned for JSON bodies only; give the records of a stream your own ids.',
      )
    const encoding = encodingOf(request.raw)
    const lease = leaseOf(request)
    if (!lease.cover(LIMITS.lineBytes)) throw underPressure()
    const client = clientOf(access, request)
    const mayStillWrite = (): boolean => client()?.mayWrite(topic.name) ?? false
    const chunks = chunksOf(request.raw, encoding, LIMITS.streamBytes)
    return {
      outcome: await storeLines({ chunks, lease, mayWrite: mayStillWrite, submission }),
      ids: undefined,
    }
  }

  return async (app) => {
    await app.register(swagger, documentation())
    await app.register(async (door) => {
      door.removeAllContentTypeParsers()
      door.addContentTypeParser('*', (_request, _payload, done) => done(null))
      door.setValidatorCompiler(() => () => true)
      const topics = intake.topics.filter(({ name }) => open.has(name))
      for (const topic of topics) {
        door.post(
          `/v1/topics/${topic.name}/records`,
          { schema: recordsSchema(topic.name) },
          (request, reply) => store(topic, request, reply),
        )
      }
      door.post('/v1/topics/:topic/records', { schema: { hide: true } }, async (request) => {
        identify(access, request)
        throw unknownTopic((request.params as { topic: string }).topic, topics)
      })
    })
    // Serialised once: it is long, and anyone may request it.
    let document: string | undefined
    app.get('/openapi.json', { schema: { hide: true } }, (_request, reply) =>
      reply.type('application/json; charset=utf-8').send((document ??= JSON.stringify(app.swagger()))),
    )
  }
}

interface Stored {
  readonly outcome: Outcome
  readonly ids: readonly string[] | undefined
}
