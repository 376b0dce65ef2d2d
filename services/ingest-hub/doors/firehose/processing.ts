/** The processors of a delivery stream as clients configure and see them. */
import { type Account, decodeBase64, functionIn, parseArn } from '@weir/aws'
import {
  LAMBDA_INTERVAL_SECONDS,
  LAMBDA_RETRIES,
  LAMBDA_SIZE_MIB,
  NO_PROCESSING,
  type Processing,
  type S3Destination,
} from '@weir/deliveries'
import { invalidArgument, refused } from './firehose.ts'

export interface ProcessingInput {
  readonly Enabled?: boolean
  readonly Processors?: readonly Processor[]
}

interface Processor {
  readonly Type: string
  readonly Parameters?: readonly Parameter[]
}

interface Parameter {
  readonly ParameterName: string
  readonly ParameterValue: string
}

type Given = Pick<S3Destination, 'delimiter'> & Processing
/** Reads the parameters of a processor. */
type Read = (parameters: Parameters) => Partial<Given>

/** How clients write a line feed as a parameter. */
const LINE_FEED = '\\n'

const PROCESSORS: Readonly<Record<string, Read>> = {
  AppendDelimiterToRecord(parameters) {
    if (parameters.take('Delimiter', LINE_FEED) !== LINE_FEED)
      throw refused(
        'The parameter Delimiter of AppendDelimiterToRecord',
        `the delimiter is ${LINE_FEED} for a line feed`,
      )
    return { delimiter: true }
  },

  Decompression(parameters) {
    const format = parameters.take('CompressionFormat', 'GZIP')
    if (format !== 'GZIP') throw refused(`CompressionFormat ${format}`, 'records are inflated from GZIP')
    return { decompression: format }
  },

  CloudWatchLogProcessing(parameters) {
    if (parameters.take('DataMessageExtraction') !== 'true')
      throw invalidArgument('DataMessageExtraction of CloudWatchLogProcessing must be true.')
    return { messageExtraction: true }
  },

  RecordDeAggregation(parameters) {
    const type = parameters.take('SubRecordType')
    if (type === 'JSON') return { deaggregation: { type, delimiter: '' } }
    if (type !== 'DELIMITED') throw invalidArgument(`SubRecordType ${type} must be JSON or DELIMITED.`)
    const delimiter = parameters.take('Delimiter')
    if (!decodeBase64(delimiter)?.length)
      throw invalidArgument('Delimiter of RecordDeAggregation must be base64 of at least one byte.')
    return { deaggregation: { type, delimiter } }
  },

  Lambda(parameters) {
    return {
      lambda: {
        arn: parameters.take('LambdaArn'),
        roleArn: parameters.take('RoleArn', '') || null,
        retries: parameters.number('NumberOfRetries', LAMBDA_RETRIES, /^\d{1,3}$/),
        sizeMiB: parameters.number('BufferSizeInMBs', LAMBDA_SIZE_MIB, /^\d(\.\d{1,6})?$/),
        intervalSeconds: parameters.number('BufferIntervalInSeconds', LAMBDA_INTERVAL_SECONDS, /^\d{1,3}$/),
      },
    }
  },
}

class Parameters {
  readonly #processor: string
  readonly #values = new Map<string, string>()

  constructor({ Type: type, Parameters: given = [] }: Processor) {
    this.#processor = type
    for (const { ParameterName: name, ParameterValue: value } of given) {
      if (this.#values.has(name)) throw invalidArgument(`${type} has the parameter ${name} more than once.`)
      this.#values.set(name, value)
    }
  }

  /** @param normal if it is not given; undefined: it must be */
  take(name: string, normal?: string): string {
    const value = this.#values.get(name) ?? normal
    if (value === undefined) throw invalidArgument(`${this.#processor} needs the parameter ${name}.`)
    this.#values.delete(name)
    return value
  }

  number(name: string, { min, max, normal }: typeof LAMBDA_RETRIES, form: RegExp): number {
    const text = this.take(name, String(normal))
    const value = form.test(text) ? Number(text) : Number.NaN
    if (!(value >= min && value <= max))
      throw invalidArgument(`${name} ${text} must be a number from ${min} to ${max}.`)
    return value
  }

  /** Throws if there are parameters that nothing has read. */
  end(): void {
    const [other] = this.#values.keys()
    if (other !== undefined)
      throw refused(`The parameter ${other} of ${this.#processor}`, 'it has no meaning there; leave it out')
  }
}

/**
 * Returns the settings that the request changes. Throws InvalidArgumentException.
 * @param before the destination to be updated
 */
export function processingOf(
  given: ProcessingInput | undefined,
  account: Account,
  before: S3Destination | undefined,
): Partial<S3Destination> {
  if (given === undefined) return {}
  const { Enabled: enabled = true, Processors: processors = [] } = given
  if (!enabled && processors.length > 0)
    throw invalidArgument('ProcessingConfiguration is not enabled; leave its Processors out.')
  const types = processors.map(({ Type }) => Type)
  const twice = types.find((type, i) => types.indexOf(type) < i)
  if (twice !== undefined) throw invalidArgument(`ProcessingConfiguration has ${twice} more than once.`)
  const all: Given = Object.assign({ delimiter: false, ...NO_PROCESSING }, ...processors.map(readOf))
  const { delimiter, ...found } = all
  requireConsistent(found, account)
  const isProcessed = types.some((type) => type !== 'AppendDelimiterToRecord')
  if (isProcessed && before !== undefined && before.processing === undefined)
    throw refused(
      `Adding ${types.find((type) => type !== 'AppendDelimiterToRecord')} to a delivery stream that was created without processors`,
      'create the delivery stream anew',
    )
  return isProcessed || before?.processing !== undefined ? { delimiter, processing: found } : { delimiter }
}

function readOf(processor: Processor): Partial<Given> {
  const { Type: type } = processor
  if (!Object.hasOwn(PROCESSORS, type))
    throw refused(`The processor ${type}`, `there are ${Object.keys(PROCESSORS).join(', ')}`)
  const parameters = new Parameters(processor)
  const found = PROCESSORS[type](parameters)
  parameters.end()
  return found
}

function requireConsistent({ lambda, decompression, messageExtraction }: Processing, account: Account): void {
  if (messageExtraction && decompression === null)
    throw invalidArgument('CloudWatchLogProcessing needs Decompression before it.')
  if (lambda === null) return
  const { region, accountId } = parseArn(lambda.arn) ?? {}
  if (functionIn(lambda.arn) === undefined || region !== account.region || accountId !== account.accountId)
    throw invalidArgument(
      `LambdaArn ${lambda.arn} is not a function of this account; those are arn:aws:lambda:${account.region}:${account.accountId}:function:NAME.`,
    )
}

/** ProcessingConfiguration as it is shown. */
export function describeProcessing({ delimiter, processing = NO_PROCESSING }: S3Destination): object {
  const { decompression, messageExtraction, deaggregation, lambda } = processing
  const processors: object[] = []
  const add = (Type: string, values: Readonly<Record<string, string | number | null>>): void => {
    const given = Object.entries(values).filter(([, value]) => value !== null && value !== '')
    const Parameters = given.map(([ParameterName, value]) => ({
      ParameterName,
      ParameterValue: String(value),
    }))
    processors.push({ Type, Parameters })
  }
  if (decompression !== null) add('Decompression', { CompressionFormat: decompression })
  if (messageExtraction) add('CloudWatchLogProcessing', { DataMessageExtraction: 'true' })
  if (deaggregation !== null)
    add('RecordDeAggregation', { SubRecordType: deaggregation.type, Delimiter: deaggregation.delimiter })
  if (lambda !== null)
    add('Lambda', {
      LambdaArn: lambda.arn,
      NumberOfRetries: lambda.retries,
      RoleArn: lambda.roleArn,
      BufferSizeInMBs: lambda.sizeMiB,
      BufferIntervalInSeconds: lambda.intervalSeconds,
    })
  if (delimiter) add('AppendDelimiterToRecord', { Delimiter: LINE_FEED })
  return { Enabled: processors.length > 0, Processors: processors }
}
