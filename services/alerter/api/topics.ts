/** The operations on topics. */
import { randomUUID } from 'node:crypto'
import type { Account } from '@weir/aws'
import { TOPIC_NAME, type Topic } from '../notifications/entries.ts'
import type { NotificationChange, Notifications } from '../notifications/notifications.ts'
import { topicScope } from '../notifications/scopes.ts'
import type { Arns } from './arns.ts'
import { invalidParameter, invalidValue } from './errors.ts'
import { nextPage } from './paging.ts'
import type { SnsContext } from './sns-api.ts'
import { type TagList, tagsOf } from './tags.ts'
import {
  type Attributes,
  attributesForCreation,
  checkTopicAttribute,
  shownAttributes,
} from './topic-attributes.ts'

export interface TopicDeps {
  readonly account: Account
  readonly arns: Arns
  readonly notifications: Notifications
}

interface CreateTopicInput {
  readonly Name: string
  readonly Attributes?: Attributes
  readonly Tags?: TagList
  readonly DataProtectionPolicy?: string
}

export function topicOperations({ account, arns, notifications }: TopicDeps) {
  const put = (topic: Topic): NotificationChange[] => [{ kind: 'topic', id: topic.name, value: topic }]

  /** Changes the topic of an ARN. */
  const change = (TopicArn: string, edit: (topic: Topic) => Topic): Promise<void> =>
    notifications.change(() => put(edit(arns.findTopic(TopicArn))), topicScope(arns.topicName(TopicArn)))

  const endedOf = ({ id }: Topic) => [...notifications.ended.values()].filter(({ topicId }) => topicId === id)

  return {
    async CreateTopic(input: CreateTopicInput, context: SnsContext) {
      const { Name: name, Tags, DataProtectionPolicy = null } = input
      if (!TOPIC_NAME.test(name)) throw invalidParameter('Topic Name')
      const arn = arns.topic(name)
      context.authorize(arn)
      const attributes = attributesForCreation(name, input.Attributes ?? {})
      const tags = Tags === undefined ? undefined : tagsOf(Tags)
      await notifications.change(() => {
        const found = notifications.topics.get(name)
        if (found === undefined) {
          const topic = { name, id: randomUUID(), createdAt: Date.now(), attributes, tags: tags ?? {} }
          return put({ ...topic, dataProtectionPolicy: DataProtectionPolicy })
        }
        if (!isWithin(attributes, found.attributes))
          throw invalidValue('Attributes', 'Topic already exists with different attributes')
        if (tags !== undefined && !isWithin(tags, found.tags))
          throw invalidValue('Tags', 'Topic already exists with different tags')
        return []
      }, topicScope(name))
      return { TopicArn: arn }
    },

    async DeleteTopic({ TopicArn }: { readonly TopicArn: string }, context: SnsContext): Promise<void> {
      const name = arns.topicName(TopicArn)
      context.authorize(arns.topic(name))
      await notifications.change(() => {
        const topic = notifications.topics.get(name)
        if (topic === undefined) return []
        const removed = [...notifications.subscriptionsOf(topic), ...endedOf(topic)].map(
          ({ id }): NotificationChange => ({ kind: 'subscription', id, value: undefined }),
        )
        return [{ kind: 'topic', id: name, value: undefined }, ...removed]
      }, topicScope(name))
    },

    async ListTopics({ NextToken }: { readonly NextToken?: string }, context: SnsContext) {
      await notifications.catchUp()
      const names = [...notifications.topics.keys()].filter((name) => context.may(arns.topic(name))).sort()
      const { items, NextToken: next } = nextPage('topics', names, (name) => name, NextToken)
      return { Topics: items.map((name) => ({ TopicArn: arns.topic(name) })), NextToken: next }
    },

    async GetTopicAttributes({ TopicArn }: { readonly TopicArn: string }, context: SnsContext) {
      const arn = arns.topic(arns.topicName(TopicArn))
      context.authorize(arn)
      await notifications.catchUp()
      const topic = arns.findTopic(TopicArn)
      let [confirmed, pending] = [0, 0]
      for (const subscription of notifications.subscriptionsOf(topic)) {
        if (subscription.confirmed) confirmed++
        else pending++
      }
      const deleted = endedOf(topic).length
      return { Attributes: shownAttributes(topic, arn, account, { confirmed, pending, deleted }) }
    },

    async SetTopicAttributes(
      input: { readonly TopicArn: string; readonly AttributeName: string; readonly AttributeValue?: string },
      context: SnsContext,
    ): Promise<void> {
      const { TopicArn, AttributeName, AttributeValue = '' } = input
      const { name } = await arns.topicFor(TopicArn, context)
      checkTopicAttribute(name, AttributeName, AttributeValue)
      await change(TopicArn, (topic) => ({
        ...topic,
        attributes: { ...topic.attributes, [AttributeName]: AttributeValue },
      }))
    },

    async PutDataProtectionPolicy(
      {
        ResourceArn,
        DataProtectionPolicy,
      }: { readonly ResourceArn: string; readonly DataProtectionPolicy: string },
      context: SnsContext,
    ): Promise<void> {
      await arns.topicFor(ResourceArn, context, 'ResourceArn')
      await change(ResourceArn, (topic) => ({ ...topic, dataProtectionPolicy: DataProtectionPolicy }))
    },

    async GetDataProtectionPolicy({ ResourceArn }: { readonly ResourceArn: string }, context: SnsContext) {
      const topic = await arns.topicFor(ResourceArn, context, 'ResourceArn')
      return { DataProtectionPolicy: topic.dataProtectionPolicy ?? undefined }
    },
  }
}

/** Returns whether all entries are among the others. */
function isWithin(entries: Attributes, others: Attributes): boolean {
  return Object.entries(entries).every(([key, value]) => others[key] === value)
}
