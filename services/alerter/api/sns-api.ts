/** SNS's API of 2010-03-31. */
import { type Account, type Api, type AwsContext, api, snsModel, UNSIGNED_SNS_OPERATIONS } from '@weir/aws'
import type { Unavailable } from '../deliveries/receivers/channels.ts'
import type { Notifications } from '../notifications/notifications.ts'
import type { Publisher } from '../notifications/publisher.ts'
import { Arns } from './arns.ts'
import { confirmationOperations } from './confirmations.ts'
import { pages } from './pages.ts'
import { permissionOperations } from './permissions.ts'
import { platformApplicationOperations } from './platform-applications.ts'
import { platformEndpointOperations } from './platform-endpoints.ts'
import { publishOperations } from './publish.ts'
import { smsOperations } from './sms.ts'
import { subscriptionOperations } from './subscriptions.ts'
import { tagOperations } from './tags.ts'
import { topicOperations } from './topics.ts'

export interface SnsDeps {
  readonly account: Account
  readonly notifications: Notifications
  readonly publisher: Publisher
  readonly unavailable: Unavailable
  /** Returns whether Kafka has the topic. */
  readonly isKafkaTopic: (name: string) => Promise<boolean>
}

export type SnsContext = Pick<AwsContext, 'authorize' | 'may' | 'client' | 'isSigned' | 'request'>

/** The longest form: a batch of 256 KB in percent-encoding, with its parameters. */
const MAX_BODY_BYTES = 1 << 20

export function snsApi(deps: SnsDeps): Api {
  const all = { ...deps, arns: new Arns(deps.account, deps.notifications) }
  const operations = {
    ...topicOperations(all),
    ...subscriptionOperations(all),
    ...confirmationOperations(all),
    ...publishOperations(all),
    ...tagOperations(all),
    ...permissionOperations(all),
    ...smsOperations(all),
    ...platformApplicationOperations(all),
    ...platformEndpointOperations(all),
  }
  return api(snsModel, operations, {
    maxBodyBytes: MAX_BODY_BYTES,
    unsigned: UNSIGNED_SNS_OPERATIONS,
    pages,
  })
}
