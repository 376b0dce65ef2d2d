/** Publish and PublishBatch. */
import { AwsError } from '@weir/aws'
import { KafkaError } from '@weir/kafka'
import type { Published, Publisher } from '../notifications/publisher.ts'
import type { Arns } from './arns.ts'
import { invalidParameter, invalidValue } from './errors.ts'
import { type MessageInput, messageOf, sizeOf } from './message.ts'
import type { SnsContext } from './sns-api.ts'

export interface PublishDeps {
  readonly arns: Arns
  readonly publisher: Publisher
}

interface PublishInput extends MessageInput {
  readonly TopicArn?: string
  readonly TargetArn?: string
  readonly PhoneNumber?: string
}

interface Entry extends MessageInput {
  readonly Id: string
}

/** SNS API reference, Publish and PublishBatch. */
const MAX_BYTES = 262_144
const MAX_ENTRIES = 10
const MAX_ID_CHARACTERS = 80

export function publishOperations({ arns, publisher }: PublishDeps) {
  return {
    async Publish(input: PublishInput, context: SnsContext) {
      const [arn, parameter] = targetOf(input)
      const topic = await arns.topicFor(arn, context, parameter)
      const message = messageOf(topic, input)
      if (sizeOf(message) > MAX_BYTES) throw invalidParameter('Message too long')
      const [result] = await publisher.publish([message], context.client.name)
      if (result instanceof KafkaError) throw unstored(result)
      return shown(result)
    },

    async PublishBatch(
      {
        TopicArn,
        PublishBatchRequestEntries: entries,
      }: { TopicArn: string; PublishBatchRequestEntries: Entry[] },
      context: SnsContext,
    ) {
      const topic = await arns.topicFor(TopicArn, context)
      checkIds(entries)
      // As AWS does, one wrong message refuses the batch.
      const messages = entries.map((entry) => messageOf(topic, entry))
      if (messages.reduce((sum, message) => sum + sizeOf(message), 0) > MAX_BYTES)
        throw new AwsError(
          'BatchRequestTooLongException',
          'The length of all the messages put together is more than the limit.',
        )
      const results = await publisher.publish(messages, context.client.name)
      const [successful, failed]: [object[], object[]] = [[], []]
      results.forEach((result, i) => {
        const { Id } = entries[i]
        if (result instanceof KafkaError)
          failed.push({ Id, Code: 'InternalError', Message: unstored(result).message, SenderFault: false })
        else successful.push({ Id, ...shown(result) })
      })
      return { Successful: successful, Failed: failed }
    },
  }
}

/** Returns the ARN and the name of the parameter that has it. */
function targetOf({ TopicArn, TargetArn, PhoneNumber }: PublishInput): [arn: string, parameter: string] {
  if (PhoneNumber !== undefined) throw invalidValue('PhoneNumber', 'no gateway for SMS is configured here')
  if (TopicArn !== undefined) return [TopicArn, 'TopicArn']
  if (TargetArn === undefined)
    throw invalidParameter('TopicArn or TargetArn Reason: no value for required parameter')
  if (TargetArn.includes(':endpoint/'))
    throw invalidValue('TargetArn', 'No endpoint found for the target arn specified')
  return [TargetArn, 'TargetArn']
}

function checkIds(entries: readonly Entry[]): void {
  if (entries.length === 0)
    throw new AwsError('EmptyBatchRequestException', 'The batch request does not contain any entries.')
  if (entries.length > MAX_ENTRIES)
    throw new AwsError(
      'TooManyEntriesInBatchRequestException',
      'The batch request contains more entries than permissible.',
    )
  for (const { Id } of entries) {
    if (Id.length > MAX_ID_CHARACTERS)
      throw new AwsError(
        'InvalidBatchEntryIdException',
        `The Id of a batch entry in the batch request is too long: ${Id.slice(0, 200)}`,
      )
    if (!/^[\w-]+$/.test(Id))
      throw new AwsError(
        'InvalidBatchEntryIdException',
        `The Id of a batch entry in the batch request contains an impermissible character: ${Id}`,
      )
  }
  if (new Set(entries.map(({ Id }) => Id)).size < entries.length)
    throw new AwsError(
      'BatchEntryIdsNotDistinctException',
      'Two or more batch entries in the request have the same Id.',
    )
}

function shown({ messageId, sequenceNumber }: Published): object {
  return { MessageId: messageId, SequenceNumber: sequenceNumber }
}

/** SDKs repeat the request, as they should: the message may not be stored. */
function unstored(error: KafkaError): AwsError {
  return new AwsError('InternalErrorException', `The message is not known to be stored (${error.code}).`, 500)
}
