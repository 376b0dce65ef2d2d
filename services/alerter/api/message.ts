/** Checks messages in SNS's order and with its texts (SNS API reference, Publish). */
import { createHash } from 'node:crypto'
import { jsonFault } from '@weir/service'
import { complaintAboutAlert } from '../incidents/attributes.ts'
import { isFifo, type Topic } from '../notifications/entries.ts'
import type { Message, MessageAttribute } from '../notifications/publisher.ts'
import { invalidMessageAttribute, invalidParameter, invalidValue } from './errors.ts'
import type { Target } from './targets.ts'

export interface MessageInput {
  readonly Message: string
  readonly Subject?: string
  readonly MessageStructure?: string
  readonly MessageAttributes?: Readonly<Record<string, AttributeInput>>
  readonly MessageDeduplicationId?: string
  readonly MessageGroupId?: string
}

interface AttributeInput {
  readonly DataType: string
  readonly StringValue?: string
  readonly BinaryValue?: Buffer
}

const MAX_SUBJECT_CHARACTERS = 100
const MAX_NAME_CHARACTERS = 256
/** Ids of groups and of repeated messages. */
const ID = /^[!-~]{1,128}$/
/** A custom type follows the dot. SNS accepts any text there. */
const TYPE = /^(String|Number|Binary)(\..{1,249})?$/s
const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i

/** Throws AwsErrors for a message that the target does not take. */
export function messageOf(
  { topic, target, platform }: Target,
  input: MessageInput,
  traceHeader: string | null = null,
): Message {
  const { Message: message, Subject: subject = null, MessageStructure } = input
  if (message === '') throw invalidParameter('Empty message')
  if (subject !== null) checkSubject(subject)
  if (MessageStructure === 'json') checkStructure(message, platform)
  const attributes = Object.entries(input.MessageAttributes ?? {}).map(attributeOf)
  const complaint = complaintAboutAlert(message, MessageStructure === 'json', attributes)
  if (complaint !== undefined) throw invalidMessageAttribute(complaint)
  return {
    topic,
    target,
    message,
    subject,
    perProtocol: MessageStructure === 'json',
    attributes,
    traceHeader,
    ...orderOf(topic, input),
  }
}

/** The bytes that count: those of the message and of its attributes' names, types and values. */
export function sizeOf({ message, attributes }: Message): number {
  let bytes = Buffer.byteLength(message)
  for (const { name, type, text, bytes: value } of attributes)
    bytes +=
      Buffer.byteLength(name) + Buffer.byteLength(type) + (value?.length ?? Buffer.byteLength(text ?? ''))
  return bytes
}

/** SNS API reference: up to 100 characters, none of them a line break or another control character. */
function checkSubject(subject: string): void {
  const isPlain = /^[^\s\p{Cc}]/u.test(subject) && !/\p{Cc}/u.test(subject)
  if (!isPlain || subject.length > MAX_SUBJECT_CHARACTERS) throw invalidParameter('Subject')
}

/** @param platform whose text may stand for the default */
function checkStructure(message: string, platform = 'default'): void {
  let texts: unknown
  try {
    if (jsonFault(Buffer.from(message)) !== undefined) throw new Error('too complex')
    texts = JSON.parse(message)
  } catch {
    throw invalidParameter('Message Structure - JSON message body failed to parse')
  }
  const isObject = typeof texts === 'object' && texts !== null && !Array.isArray(texts)
  const has = (name: string): boolean => typeof (texts as Record<string, unknown>)[name] === 'string'
  if (!isObject || !(has('default') || has(platform)))
    throw invalidParameter('Message Structure - No default entry in JSON message body')
}

function attributeOf([name, { DataType: type, StringValue, BinaryValue }]: [
  string,
  AttributeInput,
]): MessageAttribute {
  checkName(name)
  if (!TYPE.test(type))
    throw invalidMessageAttribute(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    )
  const isBinary = type.startsWith('Binary')
  const [field, other] = isBinary ? [BinaryValue, StringValue] : [StringValue, BinaryValue]
  if (other !== undefined && other.length > 0)
    throw invalidMessageAttribute(
      `The message attribute '${name}' with type '${type}' must use field '${isBinary ? 'Binary' : 'String'}'.`,
    )
  if (field === undefined || field.length === 0)
    throw invalidMessageAttribute(
      `The message attribute '${name}' must contain non-empty message attribute value for message attribute type '${type}'.`,
    )
  if (type.startsWith('Number') && !NUMBER.test(StringValue!))
    throw invalidMessageAttribute(`Could not cast message attribute '${name}' value to number.`)
  return { name, type, text: isBinary ? null : StringValue!, bytes: isBinary ? BinaryValue! : null }
}

function checkName(name: string): void {
  if (name.length >= MAX_NAME_CHARACTERS)
    throw invalidMessageAttribute('Length of message attribute name must be less than 256 bytes.')
  const [wrong] = /[^\w.-]/.exec(name) ?? []
  if (wrong !== undefined)
    throw invalidMessageAttribute(
      `Invalid non-alphanumeric character '#x${wrong.codePointAt(0)!.toString(16).toUpperCase()}' was found in the message attribute name. Can only include alphanumeric characters, hyphens, underscores, or dots.`,
    )
  if (name.startsWith('.'))
    throw invalidMessageAttribute("Invalid message attribute name starting with character '.' was found.")
  if (name.endsWith('.'))
    throw invalidMessageAttribute("Invalid message attribute name ending with character '.' was found.")
  if (name.includes('..'))
    throw invalidMessageAttribute("Message attribute name can not have successive '.' character.")
}

/** Returns the ids by which a FIFO topic keeps order and leaves out repeated messages. */
function orderOf(
  topic: Topic,
  { Message, MessageGroupId: groupId, MessageDeduplicationId: deduplicationId }: MessageInput,
): Pick<Message, 'groupId' | 'deduplicationId'> {
  if (groupId !== undefined && !ID.test(groupId)) throw invalidParameter('MessageGroupId')
  if (!isFifo(topic.name)) {
    if (deduplicationId !== undefined)
      throw invalidValue(
        'MessageDeduplicationId',
        'The request includes MessageDeduplicationId parameter that is not valid for this topic type',
      )
    return { groupId: groupId ?? null, deduplicationId: null }
  }
  if (groupId === undefined)
    throw invalidParameter('The MessageGroupId parameter is required for FIFO topics')
  if (deduplicationId !== undefined) {
    if (!ID.test(deduplicationId)) throw invalidParameter('MessageDeduplicationId')
    return { groupId, deduplicationId }
  }
  if (topic.attributes.ContentBasedDeduplication?.toLowerCase() !== 'true')
    throw invalidParameter(
      'The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    )
  return { groupId, deduplicationId: createHash('sha256').update(Message).digest('hex') }
}
