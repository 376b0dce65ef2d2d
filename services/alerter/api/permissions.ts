/**
 * The access policies of topics. They are kept and shown; what a client may do is decided by the rights of its access
 * key.
 */
import type { Account } from '@weir/aws'
import type { Notifications } from '../notifications/notifications.ts'
import type { Arns } from './arns.ts'
import { invalidParameter } from './errors.ts'
import type { SnsContext } from './sns-api.ts'

interface Statement {
  readonly Sid?: string
  readonly [field: string]: unknown
}

interface Policy {
  readonly Version: string
  readonly Id: string
  readonly Statement: Statement | readonly Statement[]
}

const ACTIONS = [
  'GetTopicAttributes',
  'SetTopicAttributes',
  'AddPermission',
  'RemovePermission',
  'DeleteTopic',
  'Subscribe',
  'ListSubscriptionsByTopic',
  'Publish',
]

export function defaultPolicy(topicArn: string, { accountId }: Account): Policy {
  return {
    Version: '2008-10-17',
    Id: '__default_policy_ID',
    Statement: [
      {
        Sid: '__default_statement_ID',
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: ACTIONS.map((action) => `SNS:${action}`),
        Resource: topicArn,
        Condition: { StringEquals: { 'AWS:SourceOwner': accountId } },
      },
    ],
  }
}

export interface PermissionDeps {
  readonly account: Account
  readonly arns: Arns
  readonly notifications: Notifications
}

export function permissionOperations({ account, arns, notifications }: PermissionDeps) {
  const change = (
    TopicArn: string,
    edit: (statements: readonly Statement[]) => readonly Statement[],
  ): Promise<void> =>
    notifications.change(() => {
      const topic = arns.findTopic(TopicArn)
      const text = topic.attributes.Policy
      const policy =
        text === undefined ? defaultPolicy(arns.topic(topic.name), account) : (JSON.parse(text) as Policy)
      const edited = { ...policy, Statement: edit([policy.Statement].flat()) }
      const attributes = { ...topic.attributes, Policy: JSON.stringify(edited) }
      return [{ kind: 'topic', id: topic.name, value: { ...topic, attributes } }]
    })

  return {
    async AddPermission(
      input: { TopicArn: string; Label: string; AWSAccountId: string[]; ActionName: string[] },
      context: SnsContext,
    ): Promise<void> {
      await arns.topicFor(input.TopicArn, context)
      const unknown = input.ActionName.some((action) => !ACTIONS.includes(action))
      if (unknown) throw invalidParameter('Policy statement action out of service scope!')
      const principals = input.AWSAccountId.map((id) => `arn:aws:iam::${id}:root`)
      const actions = input.ActionName.map((action) => `SNS:${action}`)
      await change(input.TopicArn, (statements) => {
        if (statements.some(({ Sid }) => Sid === input.Label))
          throw invalidParameter('Statement already exists')
        const added = {
          Sid: input.Label,
          Effect: 'Allow',
          Principal: { AWS: oneOrAll(principals) },
          Action: oneOrAll(actions),
          Resource: input.TopicArn,
        }
        return [...statements, added]
      })
    },

    async RemovePermission(
      { TopicArn, Label }: { TopicArn: string; Label: string },
      context: SnsContext,
    ): Promise<void> {
      await arns.topicFor(TopicArn, context)
      await change(TopicArn, (statements) => statements.filter(({ Sid }) => Sid !== Label))
    },
  }
}

/** AWS writes a list of one item as the item. */
const oneOrAll = (items: readonly string[]): string | readonly string[] =>
  items.length === 1 ? items[0] : items
