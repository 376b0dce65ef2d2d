/** The attributes of topics: which can be set, their checks, and how they are shown. */
import type { Account } from '@weir/aws'
import { complaintAboutEscalation } from '../incidents/escalation.ts'
import { complaintAboutTemplates } from '../incidents/templates.ts'
import { SAMPLE_VIEW } from '../incidents/texts.ts'
import { effectiveTopicPolicy } from '../notifications/delivery-policy.ts'
import { checkDeliveryPolicy, DeliveryPolicyError } from '../notifications/delivery-policy-check.ts'
import { isFifo, type Topic } from '../notifications/entries.ts'
import { invalidParameter, invalidValue } from './errors.ts'
import { defaultPolicy } from './permissions.ts'

export type Attributes = Readonly<Record<string, string>>

/** Returns a complaint about the value; undefined if it is right. */
type Check = (value: string) => string | undefined

const any: Check = () => undefined
const MAX_DISPLAY_NAME = 100

const oneOf =
  (...values: readonly string[]): Check =>
  (value) =>
    values.includes(value.toLowerCase())
      ? undefined
      : `Invalid value [${value}]. Must be ${values.join(' or ')}.`

/** Bytes, for each attribute. The longest are policies. */
const MAX_BYTES = 30_720

/** AddPermission and RemovePermission edit the statements. */
const policy: Check = (value) => {
  const document = parsed(value) as { readonly Statement?: unknown } | null | undefined
  if (document === undefined) return 'failed to parse JSON.'
  const areObjects = [document?.Statement].flat().every((one) => typeof one === 'object' && one !== null)
  return areObjects ? undefined : 'Statement must be a JSON object or a list of them.'
}

const json: Check = (value) => (parsed(value) === undefined ? 'failed to parse JSON.' : undefined)

/** Returns undefined for a text that is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const deliveryPolicy: Check = (value) => {
  try {
    checkDeliveryPolicy(value, 'topic')
    return undefined
  } catch (error) {
    if (error instanceof DeliveryPolicyError) return error.message
    throw error
  }
}

/** Attributes that can be set at any time. Weir's own have its name. The protocols report the success of deliveries to roles of AWS. */
const SETTABLE: Readonly<Record<string, Check>> = {
  DisplayName: (value) =>
    value.length > MAX_DISPLAY_NAME ? `must be at most ${MAX_DISPLAY_NAME} characters long` : undefined,
  Policy: policy,
  DeliveryPolicy: deliveryPolicy,
  KmsMasterKeyId: any,
  SignatureVersion: (value) => (['1', '2'].includes(value) ? undefined : `Invalid value [${value}].`),
  TracingConfig: oneOf('passthrough', 'active'),
  ContentBasedDeduplication: oneOf('true', 'false'),
  FifoThroughputScope: oneOf('topic', 'messagegroup'),
  ArchivePolicy: json,
  DataProtectionPolicy: any,
  WeirEscalation: complaintAboutEscalation,
  WeirTemplates: (value) => complaintAboutTemplates(value, SAMPLE_VIEW),
  ...Object.fromEntries(
    ['HTTP', 'Firehose', 'Lambda', 'Application', 'SQS'].flatMap((protocol) =>
      ['SuccessFeedbackRoleArn', 'SuccessFeedbackSampleRate', 'FailureFeedbackRoleArn'].map((name) => [
        `${protocol}${name}`,
        any,
      ]),
    ),
  ),
}
const FIFO_ONLY = new Set(['ContentBasedDeduplication', 'FifoThroughputScope', 'ArchivePolicy'])

/** Checks the attributes of CreateTopic, and returns those that are kept. */
export function attributesForCreation(name: string, given: Attributes): Attributes {
  const fifo = given.FifoTopic
  if ((fifo === 'true') !== isFifo(name)) throw invalidParameter('Topic Name')
  const { FifoTopic: _, ...rest } = given
  for (const [attribute, value] of Object.entries(rest)) {
    const complaint = complaintAbout(name, attribute, value)
    if (complaint !== undefined) throw invalidValue('Attributes', complaint)
  }
  return rest
}

/** Checks an attribute of SetTopicAttributes. */
export function checkTopicAttribute(name: string, attribute: string, value: string): void {
  if (!Object.hasOwn(SETTABLE, attribute) || (FIFO_ONLY.has(attribute) && !isFifo(name)))
    throw invalidParameter('AttributeName')
  const complaint = complaintAbout(name, attribute, value)
  if (complaint !== undefined) throw invalidParameter(complaint)
}

function complaintAbout(name: string, attribute: string, value: string): string | undefined {
  if (!Object.hasOwn(SETTABLE, attribute) || (FIFO_ONLY.has(attribute) && !isFifo(name)))
    return `Unknown Attribute ${attribute}`
  const complaint =
    Buffer.byteLength(value) > MAX_BYTES
      ? `must be at most ${MAX_BYTES} bytes long`
      : SETTABLE[attribute](value)
  return complaint === undefined ? undefined : `${attribute}: ${complaint}`
}

/** Returns the attributes as GetTopicAttributes shows them. */
export function shownAttributes(
  topic: Topic,
  arn: string,
  account: Account,
  counts: Readonly<Record<'confirmed' | 'pending' | 'deleted', number>>,
): Attributes {
  const { ContentBasedDeduplication = 'false', FifoThroughputScope = 'Topic', ...rest } = topic.attributes
  return {
    Policy: JSON.stringify(defaultPolicy(arn, account)),
    DisplayName: '',
    ...rest,
    TopicArn: arn,
    Owner: account.accountId,
    EffectiveDeliveryPolicy: JSON.stringify(effectiveTopicPolicy(topic)),
    SubscriptionsConfirmed: String(counts.confirmed),
    SubscriptionsPending: String(counts.pending),
    SubscriptionsDeleted: String(counts.deleted),
    ...(isFifo(topic.name) ? { FifoTopic: 'true', ContentBasedDeduplication } : {}),
    ...(topic.attributes.FifoThroughputScope === undefined ? {} : { FifoThroughputScope }),
  }
}
