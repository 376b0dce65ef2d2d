/** Publish and PublishBatch. */
import { AwsError } from '@weir/aws'
import { KafkaError } from '@weir/kafka'
import type { Published, Publisher } from '../notifications/publisher.ts'
import { invalidParameter } from './errors.ts'
import { type MessageInput, messageOf, sizeOf } from './message.ts'
import type { SnsContext } from './sns-api.ts'
import { type TargetDeps, targetOf } from './targets.ts'

export interface PublishDeps extends TargetDeps {
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
const MAX_TRACE_CHARACTERS = 256
const MAX_ENTRIES = 10
const MAX_ID_CHARACTERS = 80

export function publishOperations(deps: PublishDeps) {
  const { arns, publisher } = deps
  return {
    async Publish(input: PublishInput, context: SnsContext) {
      const message = messageOf(await targetOf(input, context, deps), input, traceOf(context))
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
      const messages = entries.map((entry) => messageOf({ topic, target: null }, entry, traceOf(context)))
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

/** SQS documents the header's format; longer values are not traces. */
function traceOf({ request }: SnsContext): string | null {
  const header = request.headers['x-amzn-trace-id']
  return typeof header === 'string' && header.length <= MAX_TRACE_CHARACTERS ? header : null
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
