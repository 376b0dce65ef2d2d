/** The account that Weir's AWS APIs belong to, and the ARNs of what is in it. */
import type { ConfigReader } from '@weir/config'

export interface Account {
  readonly region: string
  /** Twelve digits. */
  readonly accountId: string
}

/** arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE */
export interface Arn {
  readonly service: string
  /** Empty for resources of all regions. */
  readonly region: string
  /** Twelve digits, or empty for resources whose names are unique everywhere (S3 buckets). */
  readonly accountId: string
  /** stream/orders */
  readonly resource: string
}

const ARN = /^arn:aws[\w-]*:([a-z0-9-]+):([a-z0-9-]*):(\d{12}|):(.+)$/

/** Reads the account of a service from its environment. */
export function awsAccountConfig(reader: ConfigReader): Account {
  return {
    region: reader.string('AWS_REGION', 'The region in ARNs, events and errors.', 'us-east-1'),
    accountId: reader.string(
      'AWS_ACCOUNT_ID',
      'The account in ARNs, events and errors, twelve digits.',
      '000000000000',
    ),
  }
}

/** Returns undefined if the text is not an ARN. */
export function parseArn(text: string): Arn | undefined {
  const [, service, region, accountId, resource] = ARN.exec(text) ?? []
  return service === undefined ? undefined : { service, region, accountId, resource }
}

export function formatArn({ service, region, accountId, resource }: Arn): string {
  return `arn:aws:${service}:${region}:${accountId}:${resource}`
}

export function streamArn(account: Account, stream: string): string {
  return formatArn({ ...account, service: 'kinesis', resource: `stream/${stream}` })
}

/** @param name the function's name, or NAME:QUALIFIER */
export function functionArn(account: Account, name: string): string {
  return formatArn({ ...account, service: 'lambda', resource: `function:${name}` })
}

/** The resource of a function's ARN: NAME or NAME:QUALIFIER. */
const FUNCTION = /^function:([\w-]{1,64}(?::[\w$-]{1,128})?)$/

/** Returns NAME or NAME:QUALIFIER of a function's ARN; undefined for other texts. */
export function functionIn(arn: string): string | undefined {
  const parsed = parseArn(arn)
  return parsed?.service === 'lambda' && parsed.accountId !== ''
    ? FUNCTION.exec(parsed.resource)?.[1]
    : undefined
}

/** @param name of a table of items */
export function tableArn(account: Account, name: string): string {
  return formatArn({ ...account, service: 'dynamodb', resource: `table/${name}` })
}

/** @param name of a delivery stream */
export function deliveryStreamArn(account: Account, name: string): string {
  return formatArn({ ...account, service: 'firehose', resource: `deliverystream/${name}` })
}

/** @param name of an endpoint of models */
export function endpointArn(account: Account, name: string): string {
  return formatArn({ ...account, service: 'sagemaker', resource: `endpoint/${name}` })
}

/** @param name of a topic of notifications */
export function snsTopicArn(account: Account, name: string): string {
  return formatArn({ ...account, service: 'sns', resource: name })
}

/** @param resource rule/NAME, or topic/TOPIC */
export function iotArn(account: Account, resource: string): string {
  return formatArn({ ...account, service: 'iot', resource })
}

/**
 * @param resource registry/REGISTRY, schema/REGISTRY/SCHEMA, database/DATABASE, table/DATABASE/TABLE or
 * crawler/CRAWLER
 */
export function glueArn(account: Account, resource: string): string {
  return formatArn({ ...account, service: 'glue', resource })
}

/** Returns the ARN of an access key's user. */
export function userArn(accountId: string, name: string): string {
  return formatArn({ service: 'iam', region: '', accountId, resource: `user/${name}` })
}
