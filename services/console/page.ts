/** The data of the landing page: one snapshot of everything, made of the last reading of each part. */
import type { Service } from '@weir/contracts/services.ts'
import type { Kafka } from '@weir/kafka'
import type { LivePage } from '@weir/pages'
import { type Solution, topics } from '@weir/solutions'
import { deadLetterTopics } from '@weir/solutions/dead-letters.ts'
import { type AwsClientOptions, openAwsClient } from './aws-client.ts'
import { LetterBoard } from './dead-letters/board.ts'
import type { Redrives } from './dead-letters/redrives.ts'
import { listFunctions } from './functions.ts'
import { probeServices } from './health.ts'
import { DELIVERIES, notificationsOf, type PageUrls, pipelineOf, stagesOf } from './pipelines.ts'
import { Polled } from './polled.ts'
import { listStreams } from './streams.ts'
import { TopicSizes } from './topics.ts'

export interface ConsolePageOptions {
  readonly solutions: readonly Solution[]
  /** The other services, in the order of the data flow. */
  readonly urls: readonly { readonly name: Service; readonly url: string }[]
  readonly publicUrls: PageUrls
  readonly aws: AwsClientOptions
  readonly kafka: Kafka
  readonly redrives: Redrives
}

/** The right to read this topic shows names and numbers; dead letters need the right to read their topic. */
const SEEN = ['weir.stats']
const HEALTH_MS = 2000
const LISTS_MS = 5000
/** If nothing has changed, a reading costs two requests for each dead-letter topic. */
const LETTERS_MS = 2000
const PATIENCE_MS = 8000

export function consolePage({
  solutions,
  urls,
  publicUrls,
  aws,
  kafka,
  redrives,
}: ConsolePageOptions): LivePage {
  const pipelines = [
    ...solutions.map((solution) => pipelineOf(solution, publicUrls)),
    notificationsOf(publicUrls),
  ]
  const urlOf = (wanted: Service): string => urls.find(({ name }) => name === wanted)!.url
  const client = openAwsClient({ hub: urlOf('ingest-hub'), enricher: urlOf('enricher') }, aws)
  const sizes = new TopicSizes(topics, kafka.admin)
  const board = new LetterBoard(kafka, deadLetterTopics())

  const list = <T>(who: string, read: (signal: AbortSignal) => Promise<T>, everyMs = LISTS_MS): Polled<T> =>
    new Polled({ everyMs, patienceMs: PATIENCE_MS, sentence: (error) => sentenceOf(who, error) }, read)
  const health = new Polled(
    { everyMs: HEALTH_MS, patienceMs: PATIENCE_MS, sentence: ({ message }) => message },
    () => probeServices(urls),
  )
  const streams = list('The ingest-hub, which has the streams,', (signal) => listStreams(client, signal))
  const functions = list('The enricher, which runs the functions,', (signal) => listFunctions(client, signal))
  const sized = list('Kafka', () => sizes.read())
  const letters = list('Kafka', (signal) => board.read(signal), LETTERS_MS)

  return {
    name: '',
    folder: new URL('page/', import.meta.url),
    libraries: {},
    topics: SEEN,
    tables: {},
    stages: [...solutions.flatMap(stagesOf), DELIVERIES],
    noData: 'The console cannot show its data; its log says why.',
    data: async () => ({
      pipelines,
      health: health.current(),
      streams: streams.current(),
      functions: functions.current(),
      topics: sized.current(),
      letters: letters.current(),
      redrives: redrives.all,
    }),
  }
}

function sentenceOf(who: string, error: Error): string {
  const { code, message } = (error.cause ?? error) as NodeJS.ErrnoException
  if (error.name === 'TimeoutError') return `${who} does not answer in time.`
  if (code === 'ECONNREFUSED' || code === 'no-broker') return `${who} is down.`
  return `${who} cannot be asked: ${message.slice(0, 300)}`
}
