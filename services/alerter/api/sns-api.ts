/** SNS's API of 2010-03-31. */
import { type Account, type Api, api, snsModel } from '@weir/aws'
import type { Notifications } from '../notifications/notifications.ts'
import type { Publisher } from '../notifications/publisher.ts'

export interface SnsDeps {
  readonly account: Account
  readonly notifications: Notifications
  readonly publisher: Publisher
}

/** The longest form: a batch of 256 KB in percent-encoding, with its parameters. */
const MAX_BODY_BYTES = 1 << 20

export function snsApi(_deps: SnsDeps): Api {
  return api(snsModel, {}, { maxBodyBytes: MAX_BODY_BYTES })
}
