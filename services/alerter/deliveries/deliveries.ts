/** Delivers messages to the subscriptions of their topics. */
import type { Account, AwsCredentials } from '@weir/aws'
import type { Codec } from '@weir/codec'
import type { Egress } from '@weir/egress'
import type { Kafka, Producer } from '@weir/kafka'
import type { Logger, Resource } from '@weir/service'
import { AllQuietHours } from '../incidents/quiet-hours.ts'
import type { Notifications } from '../notifications/notifications.ts'
import { Attempting } from './attempting.ts'
import { openAttemptLog } from './attempts.ts'
import { openDispatcher } from './dispatcher.ts'
import { Envelopes } from './envelope.ts'
import { Filters } from './filters.ts'
import { HeldMessages } from './held-messages.ts'
import { holder } from './holding.ts'
import { measured, reportWaiting } from './measures.ts'
import type { Channels } from './receivers/channels.ts'
import { openReceivers } from './receivers/receivers.ts'
import type { Signer } from './signing.ts'
import { openWaiting } from './waiting.ts'

export interface Deliveries {
  ready(): boolean
}

export interface DeliveriesOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly producer: Producer
  readonly notifications: Notifications
  readonly egress: Egress
  readonly signer: Signer
  readonly account: Account
  readonly publicUrl: string
  readonly enricherUrl: string
  readonly hubUrl: string
  readonly channels: Channels
  /** The access key with which functions are invoked and streams are written; undefined: requests are not signed. */
  readonly credentials: AwsCredentials | undefined
  readonly log: Logger
}

export async function openDeliveries(options: DeliveriesOptions): Promise<Resource<Deliveries>> {
  const { kafka, codec, producer, notifications, egress, signer, account, publicUrl, log } = options
  const { enricherUrl, hubUrl, credentials, channels } = options
  const attempts = measured(await openAttemptLog(codec, producer))
  const envelopes = new Envelopes({ account, publicUrl, signer })
  const opened = openReceivers({
    egress,
    envelopes,
    account,
    share: () => dispatcher.value.share(),
    enricherUrl,
    hubUrl,
    channels,
    kafka,
    producer,
    notifications,
    region: account.region,
    credentials,
  })
  const held = new HeldMessages()
  const attempting = new Attempting({ ...opened, attempts, mayQueue: held.mayQueue, log })
  const waiting = await openWaiting({ kafka, codec, log })
  const filters = new Filters(log)
  const quietHours = new AllQuietHours()
  const hold = holder(attempts)
  const dispatcher = await openDispatcher({
    kafka,
    codec,
    notifications,
    attempting,
    held,
    filters,
    quietHours,
    hold,
    log,
  })
  const stopReporting = reportWaiting({
    messages: () => dispatcher.value.lag(),
    deliveries: () => waiting.value.lag(),
  })
  return {
    value: { ready: () => dispatcher.value.ready() && waiting.value.ready() },
    stop: async (drainMs) => {
      stopReporting()
      await Promise.all([dispatcher.stop(drainMs), waiting.stop(drainMs)])
      await opened.stop()
    },
  }
}
