/** Actions that leave Weir's own Kafka: their parameters are rendered at once, and the rest is done later. */
import { deliveryStreamArn, formatArn, parseArn } from '@weir/aws'
import type { Rule } from '@weir/iot-sql'
import { InvalidAction, optionalText, type Text, textOf, withoutTemplates } from './action.ts'
import type { CompileAction, CompiledAction } from './kind.ts'

export interface LambdaParameters {
  readonly functionArn: string
}
export interface SnsParameters {
  readonly targetArn: string
  readonly messageFormat: 'RAW' | 'JSON'
}
export interface SqsParameters {
  readonly queueUrl: string
  readonly useBase64: boolean
}
export interface HttpParameters {
  readonly url: string
  readonly confirmationUrl: string
  readonly headers: Readonly<Record<string, string>>
}
export interface FirehoseParameters {
  readonly deliveryStreamName: string
  readonly separator: string
  readonly batchMode: boolean
}
export interface S3Parameters {
  readonly bucketName: string
  readonly key: string
  readonly cannedAcl: string | undefined
}
export interface DynamoParameters {
  readonly tableName: string
}

/** The parameters that are stored, by the kind of the action. */
export interface OutsideParameters {
  readonly lambda: LambdaParameters
  readonly sns: SnsParameters
  readonly sqs: SqsParameters
  readonly http: HttpParameters
  readonly firehose: FirehoseParameters
  readonly s3: S3Parameters
  readonly dynamoDBv2: DynamoParameters
}

/** Headers that frame a request or choose its host. */
const REFUSED_HEADER =
  /^(connection|content-length|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade|x-amz-rules-engine-.*)$/i

export const lambdaAction: CompileAction = (input: { functionArn: string }, rule) => {
  const arn = parseArn(input.functionArn)
  if (
    !input.functionArn.includes('$') &&
    (arn?.service !== 'lambda' || !arn.resource.startsWith('function:'))
  )
    throw new InvalidAction(`functionArn: ${input.functionArn.slice(0, 200)} is not the ARN of a function.`)
  const functionArn = textOf(input.functionArn, 'functionArn', rule)
  return {
    resources: [withoutTemplates(input.functionArn)],
    begin: (selected) => ({ functionArn: functionArn(selected) }),
  }
}

export const snsAction: CompileAction = (input: { targetArn: string; messageFormat?: string }, rule) => {
  if (!input.targetArn.includes('$') && parseArn(input.targetArn)?.service !== 'sns')
    throw new InvalidAction(`targetArn: ${input.targetArn.slice(0, 200)} is not the ARN of a topic of SNS.`)
  const targetArn = textOf(input.targetArn, 'targetArn', rule)
  const messageFormat = input.messageFormat ?? 'RAW'
  return {
    resources: [withoutTemplates(input.targetArn)],
    begin: (selected) => ({ targetArn: targetArn(selected), messageFormat }),
  }
}

export const sqsAction: CompileAction = (
  input: { queueUrl: string; useBase64?: boolean },
  rule,
  { account },
) => {
  const queueUrl = textOf(input.queueUrl, 'queueUrl', rule)
  const name = withoutTemplates(input.queueUrl).split('/').at(-1)!
  return {
    resources: [formatArn({ ...account, service: 'sqs', resource: name })],
    begin: (selected) => ({ queueUrl: queueUrl(selected), useBase64: input.useBase64 ?? false }),
  }
}

interface HttpInput {
  readonly url: string
  readonly confirmationUrl?: string
  readonly headers?: readonly { readonly key: string; readonly value: string }[]
  readonly auth?: object
  readonly enableBatching?: boolean
}

export const httpAction: CompileAction = (input: HttpInput, rule) => {
  if (input.auth !== undefined)
    throw new InvalidAction(
      'auth: requests are not signed with Signature Version 4 here; leave it out, and authenticate by a header.',
    )
  if (input.enableBatching === true)
    throw new InvalidAction('enableBatching: messages are sent one by one; leave it out.')
  if (!/^https?:\/\//i.test(input.url))
    throw new InvalidAction('url: it must begin with https:// or http://.')
  const url = textOf(input.url, 'url', rule)
  const confirmationUrl = optionalText(input.confirmationUrl, 'confirmationUrl', rule) ?? url
  const headers = (input.headers ?? []).map(({ key, value }, i): readonly [string, Text] => {
    if (!/^[!#$%&'*+\-.^_`|~\w]+$/.test(key) || REFUSED_HEADER.test(key))
      throw new InvalidAction(`headers[${i}].key: ${JSON.stringify(key.slice(0, 100))} cannot be set.`)
    return [key, textOf(value, `headers[${i}].value`, rule)]
  })
  return {
    resources: [],
    begin: (selected) => ({
      url: url(selected),
      confirmationUrl: confirmationUrl(selected),
      headers: Object.fromEntries(headers.map(([key, value]) => [key, value(selected)])),
    }),
  }
}

interface FirehoseInput {
  readonly deliveryStreamName: string
  readonly separator?: string
  readonly batchMode?: boolean
}

export const firehoseAction: CompileAction = (input: FirehoseInput, rule, { account }) => {
  const { separator = '', batchMode = false } = input
  const name = textOf(input.deliveryStreamName, 'deliveryStreamName', rule)
  return {
    resources: [deliveryStreamArn(account, withoutTemplates(input.deliveryStreamName))],
    begin: (selected) => ({ deliveryStreamName: name(selected), separator, batchMode }),
  }
}

export const s3Action: CompileAction = (
  input: { bucketName: string; key: string; cannedAcl?: string },
  rule,
) => {
  const bucketName = textOf(input.bucketName, 'bucketName', rule)
  const key = textOf(input.key, 'key', rule)
  const bucket = withoutTemplates(input.bucketName)
  return {
    resources: [formatArn({ service: 's3', region: '', accountId: '', resource: bucket })],
    begin: (selected) => ({
      bucketName: bucketName(selected),
      key: key(selected),
      cannedAcl: input.cannedAcl,
    }),
  }
}

export const dynamoDbV2Action: CompileAction = (
  { putItem }: { putItem?: { tableName: string } },
  rule: Rule,
  { account },
): Omit<CompiledAction, 'kind'> => {
  if (putItem === undefined) throw new InvalidAction('putItem: it is missing; give the name of a table.')
  const tableName = textOf(putItem.tableName, 'putItem.tableName', rule)
  const resource = `table/${withoutTemplates(putItem.tableName)}`
  return {
    resources: [formatArn({ ...account, service: 'dynamodb', resource })],
    begin: (selected) => ({ tableName: tableName(selected) }),
  }
}
