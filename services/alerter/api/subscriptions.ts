/** The operations on subscriptions. */
import { randomUUID } from 'node:crypto'
import type { Account } from '@weir/aws'
import type { Unavailable } from '../deliveries/receivers/channels.ts'
import {
  isFifo,
  mustConfirm,
  PROTOCOLS,
  type ProtocolName,
  type Subscription,
  type Topic,
} from '../notifications/entries.ts'
import { isPending } from '../notifications/expired-subscriptions.ts'
import type { NotificationChange, Notifications } from '../notifications/notifications.ts'
import type { Publisher } from '../notifications/publisher.ts'
import { endpointScope } from '../notifications/scopes.ts'
import type { Arns, SubscriptionName } from './arns.ts'
import { newToken } from './confirmation-token.ts'
import { checkEndpoint } from './endpoints.ts'
import { invalidParameter, invalidValue } from './errors.ts'
import { nextPage } from './paging.ts'
import type { SnsContext } from './sns-api.ts'
import {
  complaintAboutAttributes,
  hasAttributes,
  isSettable,
  shownSubscription,
} from './subscription-attributes.ts'
import type { Attributes } from './topic-attributes.ts'

export interface SubscriptionDeps {
  readonly account: Account
  readonly arns: Arns
  readonly notifications: Notifications
  readonly publisher: Publisher
  readonly unavailable: Unavailable
  readonly isKafkaTopic: (name: string) => Promise<boolean>
}

interface SubscribeInput {
  readonly TopicArn: string
  readonly Protocol: string
  readonly Endpoint?: string
  readonly Attributes?: Attributes
  readonly ReturnSubscriptionArn?: boolean
}

export function subscriptionOperations(deps: SubscriptionDeps) {
  const { account, arns, notifications, publisher } = deps
  const put = (subscription: Subscription): NotificationChange[] => [
    { kind: 'subscription', id: subscription.id, value: subscription },
  ]

  /** Returns the subscription that the input asks for, or the one that is there. */
  const subscribe = async (input: SubscribeInput, protocol: ProtocolName, subscriber: string) => {
    const { TopicArn, Endpoint: endpoint = '', Attributes: attributes = {} } = input
    let subscription: Subscription | undefined
    const decide = (): NotificationChange[] => {
      const topic = arns.findTopic(TopicArn)
      subscription = notifications.subscribed(topic, protocol, endpoint)
      if (subscription !== undefined) {
        if (!hasAttributes(subscription, attributes))
          throw invalidValue('Attributes', 'Subscription already exists with different attributes')
        if (subscription.confirmed || isPending(subscription)) return []
        subscription = { ...subscription, token: newToken(subscription.id), tokenAt: Date.now() }
        return put(subscription)
      }
      const id = randomUUID()
      subscription = {
        id,
        topic: topic.name,
        topicId: topic.id,
        protocol,
        endpoint,
        createdAt: Date.now(),
        attributes,
        token: newToken(id),
        confirmed: !mustConfirm(protocol),
        signedUnsubscribe: false,
        signedConfirmation: !mustConfirm(protocol),
        subscriber,
      }
      return put(subscription)
    }
    await notifications.change(decide, endpointScope(arns.topicName(TopicArn), protocol, endpoint))
    return subscription!
  }

  const ofEndpoint = (name: SubscriptionName) => {
    const { topic, protocol, endpoint } = arns.findSubscription(name).subscription
    return endpointScope(topic, protocol, endpoint)
  }

  const shown = ({ protocol, endpoint, confirmed, ...rest }: Subscription) => ({
    SubscriptionArn: confirmed ? arns.subscription(rest) : 'PendingConfirmation',
    Owner: account.accountId,
    Protocol: protocol,
    Endpoint: endpoint,
    TopicArn: arns.topic(rest.topic),
  })

  return {
    async Subscribe(input: SubscribeInput, context: SnsContext) {
      const topic = await arns.topicFor(input.TopicArn, context)
      const protocol = PROTOCOLS.find((one) => one === input.Protocol)
      if (protocol === undefined)
        throw invalidParameter(`Amazon SNS does not support this protocol string: ${input.Protocol}`)
      await checkEndpoint(topic, protocol, input, deps)
      const complaint = complaintAboutAttributes(
        input.Attributes ?? {},
        isFifoSubscription(topic, input.Endpoint),
      )
      if (complaint !== undefined)
        throw complaint.startsWith('Filter policy scope')
          ? invalidParameter(complaint)
          : invalidValue('Attributes', complaint)
      const subscription = await subscribe(input, protocol, context.client.name)
      if (subscription.confirmed) return { SubscriptionArn: arns.subscription(subscription) }
      await publisher.requestConfirmation(subscription)
      const isShown = input.ReturnSubscriptionArn === true
      return { SubscriptionArn: isShown ? arns.subscription(subscription) : 'pending confirmation' }
    },

    async ListSubscriptions({ NextToken }: { readonly NextToken?: string }, context: SnsContext) {
      await notifications.catchUp()
      const all = [...notifications.subscriptions.values()].filter(({ topic }) =>
        context.may(arns.topic(topic)),
      )
      return page('subscriptions', all, NextToken)
    },

    async ListSubscriptionsByTopic(
      { TopicArn, NextToken }: { readonly TopicArn: string; readonly NextToken?: string },
      context: SnsContext,
    ) {
      const name = arns.topicName(TopicArn)
      context.authorize(arns.topic(name))
      await notifications.catchUp()
      const topic = arns.findTopic(TopicArn)
      return page(`subscriptions of ${topic.name}`, [...notifications.subscriptionsOf(topic)], NextToken)
    },

    async GetSubscriptionAttributes(
      { SubscriptionArn }: { readonly SubscriptionArn: string },
      context: SnsContext,
    ) {
      const name = arns.subscriptionName(SubscriptionArn)
      const topicArn = arns.topic(name.topic)
      context.authorize(topicArn)
      await notifications.catchUp()
      const { subscription, topic } = arns.findSubscription(name)
      const named = { topic: topicArn, subscription: arns.subscription(subscription) }
      return { Attributes: shownSubscription(subscription, topic, named, account) }
    },

    async SetSubscriptionAttributes(
      input: {
        readonly SubscriptionArn: string
        readonly AttributeName: string
        readonly AttributeValue?: string
      },
      context: SnsContext,
    ): Promise<void> {
      const { SubscriptionArn, AttributeName, AttributeValue = '' } = input
      const name = arns.subscriptionName(SubscriptionArn)
      context.authorize(arns.topic(name.topic))
      if (!notifications.subscriptions.has(name.id)) await notifications.catchUp()
      arns.findSubscription(name)
      if (!isSettable(AttributeName)) throw invalidParameter('AttributeName')
      await notifications.change(() => {
        const { subscription, topic } = arns.findSubscription(name)
        const attributes = { ...subscription.attributes, [AttributeName]: AttributeValue }
        const complaint = complaintAboutAttributes(
          attributes,
          isFifoSubscription(topic, subscription.endpoint),
        )
        if (complaint !== undefined) throw invalidParameter(complaint)
        return put({ ...subscription, attributes })
      }, ofEndpoint(name))
    },
  }

  function page(list: string, all: Subscription[], NextToken: string | undefined) {
    const sorted = all.sort((a, b) => (a.id < b.id ? -1 : 1))
    const { items, NextToken: next } = nextPage(list, sorted, ({ id }) => id, NextToken)
    return { Subscriptions: items.map(shown), NextToken: next }
  }
}

/** Whether a FIFO queue gets the messages of a FIFO topic, in their order. */
const isFifoSubscription = (topic: Topic, endpoint = ''): boolean =>
  isFifo(topic.name) && endpoint.endsWith('.fifo')
