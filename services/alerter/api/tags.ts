/** The tags of topics. */
import { AwsError, MAX_TAGS, tagList, withoutTags } from '@weir/aws'
import type { Topic } from '../notifications/entries.ts'
import type { Notifications } from '../notifications/notifications.ts'
import type { Arns } from './arns.ts'
import { invalidParameter } from './errors.ts'
import type { SnsContext } from './sns-api.ts'

export type TagList = readonly { readonly Key: string; readonly Value: string }[]

/** Throws if a key occurs twice. */
export function tagsOf(list: TagList): Record<string, string> {
  const tags = Object.fromEntries(list.map(({ Key, Value }) => [Key, Value]))
  if (Object.keys(tags).length < list.length) throw invalidParameter('Duplicated keys are not allowed.')
  if (list.length > MAX_TAGS) throw tooMany()
  return tags
}

export function tagOperations({
  arns,
  notifications,
}: {
  readonly arns: Arns
  readonly notifications: Notifications
}) {
  const topicOf = (arn: string, context: SnsContext): Topic => {
    const name = arns.topicName(arn, 'ResourceArn')
    context.authorize(arns.topic(name))
    const topic = notifications.topics.get(name)
    if (topic === undefined) throw new AwsError('ResourceNotFoundException', 'Resource does not exist', 404)
    return topic
  }
  const change = (
    arn: string,
    context: SnsContext,
    edit: (tags: Topic['tags']) => Record<string, string>,
  ): Promise<void> =>
    notifications.change(() => {
      const topic = topicOf(arn, context)
      return [{ kind: 'topic', id: topic.name, value: { ...topic, tags: edit(topic.tags) } }]
    })

  return {
    async TagResource(
      { ResourceArn, Tags }: { ResourceArn: string; Tags: TagList },
      context: SnsContext,
    ): Promise<object> {
      const added = tagsOf(Tags)
      await change(ResourceArn, context, (tags) => {
        const all = { ...tags, ...added }
        if (Object.keys(all).length > MAX_TAGS) throw tooMany()
        return all
      })
      return {}
    },

    async UntagResource(
      { ResourceArn, TagKeys }: { ResourceArn: string; TagKeys: string[] },
      context: SnsContext,
    ): Promise<object> {
      await change(ResourceArn, context, (tags) => withoutTags(tags, TagKeys))
      return {}
    },

    async ListTagsForResource({ ResourceArn }: { ResourceArn: string }, context: SnsContext) {
      await notifications.catchUp()
      return { Tags: tagList(topicOf(ResourceArn, context).tags) }
    },
  }
}

function tooMany(): AwsError {
  return new AwsError(
    'TagLimitExceededException',
    'Could not complete request: tag quota of per resource exceeded',
  )
}
