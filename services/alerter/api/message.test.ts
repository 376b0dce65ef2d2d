import { createHash } from 'node:crypto'
import { AwsError } from '@weir/aws'
import { describe, expect, test } from 'vitest'
import type { Topic } from '../notifications/entries.ts'
import { type MessageInput, messageOf, sizeOf } from './message.ts'

const topic = (name: string, attributes: Record<string, string> = {}): Topic => ({
  name,
  id: 'a0',
  createdAt: 0,
  attributes,
  tags: {},
  dataProtectionPolicy: null,
})
const standard = topic('orders')

/** Returns the code and the text of the error for a message. */
function errorFor(input: Partial<MessageInput>, to = standard): [string, string] {
  try {
    messageOf({ topic: to, target: null }, { Message: 'm', ...input })
  } catch (error) {
    if (error instanceof AwsError) return [error.code, error.message]
    throw error
  }
  throw new Error('The message was accepted.')
}

describe('a message is refused with the text of SNS if', () => {
  test.each<[string, Partial<MessageInput>, string]>([
    ['it is empty', { Message: '' }, 'Empty message'],
    ['its subject is empty', { Subject: '' }, 'Subject'],
    ['its subject begins with a space', { Subject: ' x' }, 'Subject'],
    ['its subject has a line break', { Subject: 'a\nb' }, 'Subject'],
    ['its subject has 101 characters', { Subject: 'x'.repeat(101) }, 'Subject'],
    [
      'its texts for protocols are not JSON',
      { Message: '{', MessageStructure: 'json' },
      'Message Structure - JSON message body failed to parse',
    ],
    [
      'its texts for protocols are nested without end',
      { Message: `${'['.repeat(100_000)}`, MessageStructure: 'json' },
      'Message Structure - JSON message body failed to parse',
    ],
    [
      'it has no default text',
      { Message: '{"http":"x"}', MessageStructure: 'json' },
      'Message Structure - No default entry in JSON message body',
    ],
    [
      'its default text is not a text',
      { Message: '{"default":{}}', MessageStructure: 'json' },
      'Message Structure - No default entry in JSON message body',
    ],
    [
      'a standard topic gets a deduplication id',
      { MessageDeduplicationId: 'd' },
      'MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type',
    ],
    ['its group id has a space', { MessageGroupId: 'a b' }, 'MessageGroupId'],
    ['its group id has 129 characters', { MessageGroupId: 'x'.repeat(129) }, 'MessageGroupId'],
  ])('%s', (_, input, text) =>
    expect(errorFor(input)).toEqual(['InvalidParameterException', `Invalid parameter: ${text}`]),
  )
})

describe('an attribute is refused with the text that SNS has been recorded to answer', () => {
  const TYPES = 'the set of supported type prefixes is Binary, Number, and String.'
  const CHARACTERS = 'Can only include alphanumeric characters, hyphens, underscores, or dots.'
  const bytes = Buffer.from('x')
  test.each<[string, NonNullable<MessageInput['MessageAttributes']>[string], string]>([
    [
      'attr1',
      { DataType: 'String' },
      "The message attribute 'attr1' must contain non-empty message attribute value for message attribute type 'String'.",
    ],
    [
      'attr1',
      { DataType: 'Binary', BinaryValue: Buffer.alloc(0) },
      "The message attribute 'attr1' must contain non-empty message attribute value for message attribute type 'Binary'.",
    ],
    [
      'attr1',
      { DataType: 'Number', BinaryValue: bytes },
      "The message attribute 'attr1' with type 'Number' must use field 'String'.",
    ],
    [
      'attr1',
      { DataType: 'Binary', StringValue: 'x' },
      "The message attribute 'attr1' with type 'Binary' must use field 'Binary'.",
    ],
    [
      'attr1',
      { DataType: 'invalid', StringValue: 'x' },
      `The message attribute 'attr1' has an invalid message attribute type, ${TYPES}`,
    ],
    [
      'attr1',
      { DataType: 'String.', StringValue: 'x' },
      `The message attribute 'attr1' has an invalid message attribute type, ${TYPES}`,
    ],
    [
      'attr1',
      { DataType: 'Stringprefixed', StringValue: 'x' },
      `The message attribute 'attr1' has an invalid message attribute type, ${TYPES}`,
    ],
    [
      'price',
      { DataType: 'Number', StringValue: 'error' },
      "Could not cast message attribute 'price' value to number.",
    ],
    [
      'a'.repeat(256),
      { DataType: 'String', StringValue: 'x' },
      'Length of message attribute name must be less than 256 bytes.',
    ],
    [
      'attr^?',
      { DataType: 'String', StringValue: 'x' },
      `Invalid non-alphanumeric character '#x5E' was found in the message attribute name. ${CHARACTERS}`,
    ],
    [
      '.attr1',
      { DataType: 'String', StringValue: 'x' },
      "Invalid message attribute name starting with character '.' was found.",
    ],
    [
      'attr1.',
      { DataType: 'String', StringValue: 'x' },
      "Invalid message attribute name ending with character '.' was found.",
    ],
    [
      'attr..1',
      { DataType: 'String', StringValue: 'x' },
      "Message attribute name can not have successive '.' character.",
    ],
  ])('%s: %o', (name, attribute, text) =>
    expect(errorFor({ MessageAttributes: { [name]: attribute } })).toEqual([
      'InvalidParameterValueException',
      text,
    ]),
  )
})

test('attributes of all types are accepted, with custom types', () => {
  const { attributes } = messageOf(
    { topic: standard, target: null },
    {
      Message: 'm',
      MessageAttributes: {
        a: { DataType: 'String.  prefixed.', StringValue: 'x' },
        b: { DataType: 'Number', StringValue: '-1.5e3' },
        c: { DataType: 'Binary.gif', BinaryValue: Buffer.from('x') },
      },
    },
  )
  expect(attributes).toEqual([
    { name: 'a', type: 'String.  prefixed.', text: 'x', bytes: null },
    { name: 'b', type: 'Number', text: '-1.5e3', bytes: null },
    { name: 'c', type: 'Binary.gif', text: null, bytes: Buffer.from('x') },
  ])
})

test('the size counts bytes of the message and of names, types and values of attributes', () => {
  const input = {
    Message: 'é',
    MessageAttributes: {
      ab: { DataType: 'String', StringValue: 'ü' },
      c: { DataType: 'Binary', BinaryValue: Buffer.alloc(5) },
    },
  }
  expect(sizeOf(messageOf({ topic: standard, target: null }, input))).toBe(2 + (2 + 6 + 2) + (1 + 6 + 5))
})

describe('a message for a FIFO topic', () => {
  const fifo = topic('orders.fifo')

  test('needs a group and, without deduplication by content, a deduplication id', () => {
    expect(errorFor({}, fifo)[1]).toBe(
      'Invalid parameter: The MessageGroupId parameter is required for FIFO topics',
    )
    expect(errorFor({ MessageGroupId: 'g' }, fifo)[1]).toBe(
      'Invalid parameter: The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    )
    expect(
      messageOf(
        { topic: fifo, target: null },
        { Message: 'm', MessageGroupId: 'g', MessageDeduplicationId: 'd' },
      ),
    ).toMatchObject({
      groupId: 'g',
      deduplicationId: 'd',
    })
  })

  test('has the SHA-256 of its text as deduplication id if the topic deduplicates by content', () => {
    const byContent = topic('orders.fifo', { ContentBasedDeduplication: 'true' })
    expect(
      messageOf({ topic: byContent, target: null }, { Message: 'm', MessageGroupId: 'g' }).deduplicationId,
    ).toBe(createHash('sha256').update('m').digest('hex'))
  })
})
