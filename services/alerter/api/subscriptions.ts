/** The operations on subscriptions. */
import { randomUUID } from 'node:crypto'
import { type Account, AwsError, functionIn } from '@weir/aws'
import {
  isFifo,
  PROTOCOLS,
  type ProtocolName,
  type Subscription,
  type Topic,
} from '../notifications/entries.ts'
import type { NotificationChange, Notifications } from '../notifications/notifications.ts'
import type { Publisher } from '../notifications/publisher.ts'
import { isQueueArn } from '../notifications/redrive-policy.ts'
import type { Arns } from './arns.ts'
import { isHex, isSameToken, newToken, subscriptionIn } from './confirmation-token.ts'
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
}

interface SubscribeInput {
  readonly TopicArn: string
  readonly Protocol: string
  readonly Endpoint?: string
  readonly Attributes?: Attributes
  readonly ReturnSubscriptionArn?: boolean
}

export function subscriptionOperations({ account, arns, notifications, publisher }: SubscriptionDeps) {
  const put = (subscription: Subscription): NotificationChange[] => [
    { kind: 'subscription', id: subscription.id, value: subscription },
  ]

  /** Returns the subscription that the input asks for, or the one that is there. */
  const subscribe = async (input: SubscribeInput, protocol: ProtocolName, subscriber: string) => {
    const { TopicArn, Endpoint: endpoint = '', Attributes: attributes = {} } = input
    let subscription: Subscription | undefined
    await notifications.change(() => {
      const topic = arns.findTopic(TopicArn)
      subscription = notifications.subscribed(topic, protocol, endpoint)
      if (subscription !== undefined) {
        if (!hasAttributes(subscription, attributes))
          throw invalidValue('Attributes', 'Subscription already exists with different attributes')
        return []
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
    })
    return subscription!
  }

  const findByToken = (token: string): Subscription | undefined => {
    const found = notifications.subscriptions.get(subscriptionIn(token) ?? '')
    return found !== undefined && isSameToken(found.token, token) ? found : undefined
  }

  /** Returns the subscription of a token. Throws AwsErrors. */
  const confirmable = (token: string): Subscription => {
    const found = findByToken(token)
    if (found === undefined) throw invalidParameter('Token')
    return found
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
      checkEndpoint(topic, protocol, input.Endpoint ?? '')
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

    async ConfirmSubscription(
      input: {
        readonly TopicArn: string
        readonly Token: string
        readonly AuthenticateOnUnsubscribe?: string
      },
      context: SnsContext,
    ) {
      const { TopicArn, Token: token, AuthenticateOnUnsubscribe } = input
      // SNS does not compare the topic with that of the token.
      if (!arns.isTopic(TopicArn)) throw invalidParameter('Topic')
      if (!isHex(token)) throw new AwsError('InvalidParameterException', 'Invalid token')
      // Strangers with wrong tokens must not keep the control log busy.
      if (findByToken(token) === undefined) await notifications.catchUp()
      let subscription = confirmable(token)
      // A link may be opened twice.
      if (!subscription.confirmed)
        await notifications.change(() => {
          subscription = confirmable(token)
          if (subscription.confirmed) return []
          const { isSigned } = context
          const signedUnsubscribe = isSigned && AuthenticateOnUnsubscribe?.toLowerCase() === 'true'
          subscription = { ...subscription, confirmed: true, signedConfirmation: isSigned, signedUnsubscribe }
          return put(subscription)
        })
      return { SubscriptionArn: arns.subscription(subscription) }
    },

    async Unsubscribe(
      { SubscriptionArn }: { readonly SubscriptionArn: string },
      context: SnsContext,
    ): Promise<void> {
      const { topic, id } = arns.subscriptionName(SubscriptionArn)
      if (context.isSigned) context.authorize(arns.topic(topic))
      if (!notifications.subscriptions.has(id)) await notifications.catchUp()
      if (!notifications.subscriptions.has(id)) return
      await notifications.change(() => {
        const found = notifications.subscriptions.get(id)
        if (found?.topic !== topic) return []
        if (!context.isSigned && found.signedUnsubscribe)
          throw new AwsError(
            'AuthorizationErrorException',
            'This subscription can only be ended by a signed request.',
            403,
          )
        return [{ kind: 'subscription', id, value: undefined }]
      })
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
      })
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

/** Whether the receiver must confirm the subscription. */
const mustConfirm = (protocol: ProtocolName): boolean => protocol === 'http' || protocol === 'https'

/** Throws if the endpoint does not fit the protocol, or the topic does not deliver to it. */
function checkEndpoint(topic: Topic, protocol: ProtocolName, endpoint: string): void {
  if (protocol === 'sqs') {
    if (!isQueueArn(endpoint)) throw invalidParameter('SQS endpoint ARN')
    if (endpoint.endsWith('.fifo') && !isFifo(topic.name))
      throw invalidParameter(
        'Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics',
      )
    return
  }
  if (protocol === 'lambda' && !isFifo(topic.name)) {
    if (functionIn(endpoint) === undefined) throw invalidParameter('Lambda endpoint ARN')
    return
  }
  if (isFifo(topic.name))
    throw invalidParameter(`Invalid parameter: Endpoint Reason: FIFO topics do not deliver over ${protocol}`)
  const url = URL.parse(endpoint)
  if (url === null || url.protocol !== `${protocol}:`)
    throw invalidParameter('Endpoint must match the specified protocol')
}
