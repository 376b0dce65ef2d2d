/**
 * The configuration of an agent: the file that users of Amazon's Kinesis Agent have (its documentation, "Agent
 * Configuration Settings").
 */
import { readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { AwsCredentials } from '@weir/aws/sigv4/sign.ts'
import { integer, list, Misfit, object, oneOf, read, type Shape, text } from '@weir/topics/shape.ts'
import type { RE2JS } from 're2js'
import { UsageError } from '../command.ts'
import { linearPattern } from './pattern.ts'
import { type Processor, readProcessors } from './processors.ts'

export type Api = 'firehose' | 'kinesis'

export interface FlowConfig {
  /** The member of the file that it is: flows[0]. */
  readonly at: string
  /** Folders, and the patterns of names in them. */
  readonly files: readonly { readonly folder: string; readonly names: string }[]
  readonly api: Api
  readonly stream: string
  readonly startAtEnd: boolean
  readonly maxAgeMs: number
  readonly maxBytes: number
  readonly maxRecords: number
  readonly pollMs: number
  /** Matches the first line of each record; undefined: each line is one. */
  readonly multiLineStart: RE2JS | undefined
  readonly skipHeaderLines: number
  /** The end of records that were too long. */
  readonly truncatedEnd: Buffer
  /** Records are put together up to this size; 0: they are not. */
  readonly aggregatedBytes: number
  readonly partitionKeys: 'RANDOM' | 'DETERMINISTIC'
  readonly processors: readonly Processor[]
}

export interface AgentConfig {
  readonly urls: Readonly<Record<Api, URL>>
  readonly region: string
  /** Without them, requests are not signed. */
  readonly credentials: AwsCredentials | undefined
  readonly checkpointFile: string
  readonly flows: readonly FlowConfig[]
  /** Members that have no effect, as sentences. */
  readonly warnings: readonly string[]
}

/** The most bytes of a request's records (Firehose: API reference; Kinesis: documentation of Amazon's agent). */
export const MAX_REQUEST_BYTES: Readonly<Record<Api, number>> = { firehose: 4 << 20, kinesis: 5 << 20 }
const MAX_RECORDS = 500
const MAX_FILE_BYTES = 1 << 20
const DEFAULT_CHECKPOINTS = './weir-agent.checkpoints'

/** A whole number, also as text. */
const count = (bounds: { min: number; max: number }): Shape<number> => {
  const number = integer(bounds)
  return (value, at, extra) =>
    number(typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value, at, extra)
}
const path = text({ max: 4096 })
const patterns: Shape<readonly string[]> = (value, at, extra) =>
  typeof value === 'string' ? [path(value, at, extra)] : list(path, { min: 1, max: 100 })(value, at, extra)

const flowMembers = {
  kinesisStream: text({ max: 128, pattern: /^[a-zA-Z0-9_.-]+$/, like: 'the name of a stream' }),
  deliveryStream: text({ max: 64, pattern: /^[a-zA-Z0-9_.-]+$/, like: 'the name of a delivery stream' }),
  initialPosition: oneOf('START_OF_FILE', 'END_OF_FILE'),
  maxBufferAgeMillis: count({ min: 1000, max: 900_000 }),
  maxBufferSizeBytes: count({ min: 1, max: 5 << 20 }),
  maxBufferSizeRecords: count({ min: 1, max: MAX_RECORDS }),
  minTimeBetweenFilePollsMillis: count({ min: 1, max: 3_600_000 }),
  multiLineStartPattern: text({ max: 4096 }),
  skipHeaderLines: count({ min: 0, max: 1e6 }),
  truncatedRecordTerminator: text({ min: 0, max: 1024 }),
  aggregatedRecordSizeBytes: count({ min: 0, max: 1_000_000 }),
  partitionKeyOption: oneOf('RANDOM', 'DETERMINISTIC'),
  dataProcessingOptions: readProcessors,
}
const flow = object({ filePattern: patterns }, flowMembers)
const members = {
  'kinesis.endpoint': text({ max: 2048 }),
  'firehose.endpoint': text({ max: 2048 }),
  awsAccessKeyId: text({ max: 256 }),
  awsSecretAccessKey: text({ max: 256 }),
  checkpointFile: path,
}
const file = object({ flows: list(flow, { min: 1, max: 1000 }) }, members)

export interface Surroundings {
  /** Where requests go if the file does not say. */
  readonly hubUrl: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Reads the file. Throws a UsageError that names the member and its fault. */
export function readAgentConfig(name: string, { hubUrl, env }: Surroundings): AgentConfig {
  const json = parse(name)
  try {
    const config = read(file, json, 'ignored')
    const { awsAccessKeyId = env.AWS_ACCESS_KEY_ID, awsSecretAccessKey = env.AWS_SECRET_ACCESS_KEY } = config
    if ((awsAccessKeyId === undefined) !== (awsSecretAccessKey === undefined))
      throw new Misfit(
        'awsAccessKeyId',
        'and awsSecretAccessKey (or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY) belong together; set both or none',
      )
    const kinesis = endpoint('kinesis.endpoint', config['kinesis.endpoint'] ?? hubUrl)
    const firehose = endpoint('firehose.endpoint', config['firehose.endpoint'] ?? hubUrl)
    return {
      urls: { kinesis, firehose },
      region: regionOf(firehose) ?? regionOf(kinesis) ?? env.AWS_REGION ?? 'us-east-1',
      credentials:
        awsAccessKeyId === undefined || awsSecretAccessKey === undefined
          ? undefined
          : { accessKeyId: awsAccessKeyId, secretAccessKey: awsSecretAccessKey },
      checkpointFile: config.checkpointFile ?? DEFAULT_CHECKPOINTS,
      flows: config.flows.map((one, i) => flowOf(one, `flows[${i}]`)),
      warnings: warningsOf(json as Record<string, unknown>),
    }
  } catch (error) {
    throw error instanceof Misfit ? new UsageError(`${name}: ${error.message}`) : error
  }
}

function parse(name: string): unknown {
  let bytes: Buffer
  try {
    bytes = readFileSync(name)
  } catch (error) {
    throw new UsageError(`${name} cannot be read: ${(error as Error).message}`)
  }
  if (bytes.length > MAX_FILE_BYTES) throw new UsageError(`${name} has more than ${MAX_FILE_BYTES} bytes.`)
  try {
    return JSON.parse(bytes.toString())
  } catch (error) {
    throw new UsageError(`${name} is not JSON: ${(error as Error).message}`)
  }
}

function flowOf(one: ReturnType<typeof readFlow>, at: string): FlowConfig {
  const { kinesisStream, deliveryStream, multiLineStartPattern } = one
  if ((kinesisStream === undefined) === (deliveryStream === undefined))
    throw new Misfit(at, 'needs either kinesisStream or deliveryStream')
  const api = kinesisStream === undefined ? 'firehose' : 'kinesis'
  if (api === 'firehose' && one.partitionKeyOption !== undefined)
    throw new Misfit(`${at}.partitionKeyOption`, 'is for a kinesisStream only; leave it out')
  return {
    at,
    files: one.filePattern.map((pattern) => filesOf(pattern, `${at}.filePattern`)),
    api,
    stream: (kinesisStream ?? deliveryStream)!,
    startAtEnd: (one.initialPosition ?? 'END_OF_FILE') === 'END_OF_FILE',
    maxAgeMs: one.maxBufferAgeMillis ?? 60_000,
    maxBytes: Math.min(one.maxBufferSizeBytes ?? Infinity, MAX_REQUEST_BYTES[api]),
    maxRecords: one.maxBufferSizeRecords ?? MAX_RECORDS,
    pollMs: one.minTimeBetweenFilePollsMillis ?? 100,
    multiLineStart:
      multiLineStartPattern === undefined
        ? undefined
        : linearPattern(multiLineStartPattern, `${at}.multiLineStartPattern`),
    skipHeaderLines: one.skipHeaderLines ?? 0,
    truncatedEnd: Buffer.from(one.truncatedRecordTerminator ?? '\n'),
    aggregatedBytes: one.aggregatedRecordSizeBytes ?? 0,
    partitionKeys: one.partitionKeyOption ?? 'RANDOM',
    processors: one.dataProcessingOptions ?? [],
  }
}
const readFlow = (value: unknown) => read(flow, value, 'ignored')

function filesOf(pattern: string, at: string): { folder: string; names: string } {
  const folder = dirname(pattern)
  if (/[*?[{]/.test(folder))
    throw new Misfit(at, `may have wildcards in the name of the file only; ${folder} has some`)
  return { folder, names: basename(pattern) }
}

/** Amazon's agent takes hosts without a scheme, too. */
function endpoint(at: string, address: string): URL {
  try {
    const url = new URL(/^https?:\/\//.test(address) ? address : `https://${address}`)
    return new URL('/', url)
  } catch {
    throw new Misfit(at, `must be an address such as http://localhost:8080; it is ${address}`)
  }
}

const regionOf = ({ hostname }: URL): string | undefined =>
  /^(?:kinesis|firehose)\.([a-z0-9-]+)\.amazonaws\.com/.exec(hostname)?.[1]

function warningsOf(json: Record<string, unknown>): string[] {
  const warnings: string[] = []
  const note = (at: string, value: object, ...known: readonly object[]): void => {
    for (const name of Object.keys(value))
      if (!known.some((names) => Object.hasOwn(names, name)))
        warnings.push(`${at}${name} has no effect here.`)
  }
  note('', json, members, { flows: true })
  for (const [i, one] of (json.flows as object[]).entries())
    note(`flows[${i}].`, one, flowMembers, { filePattern: true })
  return warnings
}
