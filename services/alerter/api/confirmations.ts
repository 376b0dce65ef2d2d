/** The operations behind the links of messages: receivers confirm subscriptions, end them, and restore them. */
import { AwsError } from '@weir/aws'
import { mustConfirm, type Subscription } from '../notifications/entries.ts'
import { isPending } from '../notifications/expired-subscriptions.ts'
import type { NotificationChange } from '../notifications/notifications.ts'
import { endpointScope } from '../notifications/scopes.ts'
import { isHex, isSameToken, newToken, subscriptionIn } from './confirmation-token.ts'
import { invalidParameter } from './errors.ts'
import type { SnsContext } from './sns-api.ts'
import type { SubscriptionDeps } from './subscriptions.ts'

interface ConfirmInput {
  readonly TopicArn: string
  readonly Token: string
  readonly AuthenticateOnUnsubscribe?: string
}

export function confirmationOperations({ arns, notifications, publisher }: SubscriptionDeps) {
  const { subscriptions, ended } = notifications
  const put = (value: Subscription): NotificationChange[] => [{ kind: 'subscription', id: value.id, value }]

  const findByToken = (token: string): Subscription | undefined => {
    const id = subscriptionIn(token) ?? ''
    const found = subscriptions.get(id) ?? ended.get(id)
    return found !== undefined && isSameToken(found.token, token) ? found : undefined
  }

  /** Returns the subscription of a token. Throws AwsErrors. A link that was used may be opened again. */
  const confirmable = (token: string): Subscription => {
    const found = findByToken(token)
    if (found === undefined || !(found.confirmed || isPending(found))) throw invalidParameter('Token')
    return found
  }

  /** Confirms the subscription, unless the endpoint has another one by now. */
  const confirm = (found: Subscription, input: ConfirmInput, isSigned: boolean): Subscription => {
    const { endedAt: _, ...subscription } = found
    const topic = notifications.topics.get(found.topic)
    const other = topic && notifications.subscribed(topic, found.protocol, found.endpoint)
    if (other !== undefined && other.id !== found.id) return other
    const wantsSigned = input.AuthenticateOnUnsubscribe?.toLowerCase() === 'true'
    return {
      ...subscription,
      confirmed: true,
      signedConfirmation: isSigned,
      signedUnsubscribe: isSigned && wantsSigned,
    }
  }

  /** The rest of a subscription that its receiver ended: a token that restores it. */
  const end = (found: Subscription, isSigned: boolean): NotificationChange[] => {
    if (isSigned || !found.confirmed || !mustConfirm(found.protocol))
      return [{ kind: 'subscription', id: found.id, value: undefined }]
    return put({ ...found, confirmed: false, token: newToken(found.id), endedAt: Date.now() })
  }

  return {
    async ConfirmSubscription(input: ConfirmInput, { isSigned }: SnsContext) {
      const { TopicArn, Token: token } = input
      // SNS does not compare the topic with that of the token.
      if (!arns.isTopic(TopicArn)) throw invalidParameter('Topic')
      if (!isHex(token)) throw new AwsError('InvalidParameterException', 'Invalid token')
      // Strangers with wrong tokens must not keep the control log busy.
      if (findByToken(token) === undefined) await notifications.catchUp()
      let subscription = confirmable(token)
      if (!subscription.confirmed) {
        const { topic, protocol, endpoint } = subscription
        await notifications.change(
          () => {
            const found = confirmable(token)
            subscription = found.confirmed ? found : confirm(found, input, isSigned)
            return found.confirmed || subscription.id !== found.id ? [] : put(subscription)
          },
          endpointScope(topic, protocol, endpoint),
        )
      }
      return { SubscriptionArn: arns.subscription(subscription) }
    },

    async Unsubscribe(
      { SubscriptionArn = '' }: { readonly SubscriptionArn?: string },
      { isSigned, authorize }: SnsContext,
    ): Promise<void> {
      const { topic, id } = arns.subscriptionName(SubscriptionArn)
      if (isSigned) authorize(arns.topic(topic))
      if (!subscriptions.has(id)) await notifications.catchUp()
      const known = subscriptions.get(id)
      if (known?.topic !== topic) return
      await notifications.change(
        () => {
          const found = subscriptions.get(id)
          if (found === undefined) return []
          if (!isSigned && found.signedUnsubscribe)
            throw new AwsError(
              'AuthorizationErrorException',
              'This subscription can only be ended by a signed request.',
              403,
            )
          return end(found, isSigned)
        },
        endpointScope(topic, known.protocol, known.endpoint),
      )
      const gone = ended.get(id)
      if (gone !== undefined) await publisher.requestConfirmation(gone)
    },
  }
}
