/** Tags and encryption of delivery streams. */
import {
  type AwsContext,
  type AwsOperations,
  MAX_TAGS,
  pageOf,
  type Tags,
  tagList,
  withoutTags,
} from '@weir/aws'
import type { DeliveryStream } from '@weir/deliveries'
import { changeActive, type Firehose, invalidArgument, limitExceeded, streamFor } from './firehose.ts'
import { encryptedBySource } from './sources.ts'

export interface TagInput {
  readonly Key: string
  readonly Value?: string
}

export interface EncryptionInput {
  readonly KeyType: 'AWS_OWNED_CMK' | 'CUSTOMER_MANAGED_CMK'
  readonly KeyARN?: string
}

interface Named {
  readonly DeliveryStreamName: string
}

export function settingOperations(firehose: Firehose): AwsOperations {
  const change = (
    { DeliveryStreamName: name }: Named,
    context: AwsContext,
    decide: (stream: DeliveryStream) => Partial<DeliveryStream>,
  ): Promise<void> => changeActive(firehose, context, name, (stream) => ({ ...stream, ...decide(stream) }))

  return {
    TagDeliveryStream: (input: Named & { Tags: readonly TagInput[] }, context: AwsContext) =>
      change(input, context, ({ name, tags }) => {
        const all = { ...tags, ...tagsOf(input.Tags) }
        if (Object.keys(all).length > MAX_TAGS)
          throw limitExceeded(`Firehose ${name} cannot have more than ${MAX_TAGS} tags.`)
        return { tags: all }
      }),

    UntagDeliveryStream: (input: Named & { TagKeys: readonly string[] }, context: AwsContext) =>
      change(input, context, ({ tags }) => ({ tags: withoutTags(tags, input.TagKeys) })),

    ListTagsForDeliveryStream(
      input: Named & { ExclusiveStartTagKey?: string; Limit?: number },
      context: AwsContext,
    ) {
      const { tags } = streamFor(firehose, context, input.DeliveryStreamName)
      const page = pageOf(
        tagList(tags),
        ({ Key }) => Key,
        input.ExclusiveStartTagKey,
        input.Limit ?? MAX_TAGS,
      )
      return { Tags: page.items, HasMoreTags: page.last !== undefined }
    },

    StartDeliveryStreamEncryption: (
      input: Named & { DeliveryStreamEncryptionConfigurationInput?: EncryptionInput },
      context: AwsContext,
    ) => {
      const asked = input.DeliveryStreamEncryptionConfigurationInput ?? { KeyType: 'AWS_OWNED_CMK' }
      return change(input, context, ({ type }) => {
        if (type !== 'DirectPut') throw encryptedBySource()
        return { encryption: encryptionOf(asked) }
      })
    },

    StopDeliveryStreamEncryption: (input: Named, context: AwsContext) =>
      change(input, context, () => ({ encryption: null })),
  }
}

export function tagsOf(tags: readonly TagInput[]): Tags {
  return Object.fromEntries(tags.map(({ Key, Value = '' }) => [Key, Value]))
}

export function encryptionOf(input: EncryptionInput | undefined): DeliveryStream['encryption'] {
  if (input === undefined) return null
  const { KeyType: keyType, KeyARN: keyArn = null } = input
  if ((keyType === 'CUSTOMER_MANAGED_CMK') !== (keyArn !== null))
    throw invalidArgument(
      'KeyARN is required if KeyType is CUSTOMER_MANAGED_CMK, and must be left out if it is AWS_OWNED_CMK.',
    )
  return { keyType, keyArn }
}
