/** The entries of mobile push and SMS in weir.control.notifications, and their checks. */
import type { CheckState } from '@weir/control'
import { integer, map, object, read, type ShapedBy, text } from '@weir/topics/shape.ts'

/** SNS API reference, CreatePlatformApplication: the services of push messages. */
export const PLATFORMS = [
  'ADM',
  'APNS',
  'APNS_SANDBOX',
  'APNS_VOIP',
  'APNS_VOIP_SANDBOX',
  'BAIDU',
  'FCM',
  'GCM',
  'MACOS',
  'MACOS_SANDBOX',
  'MPNS',
  'WNS',
] as const

/** A number in E.164's form. */
export const PHONE_NUMBER = /^\+[1-9]\d{1,14}$/
export const MAX_TOKEN_CHARACTERS = 4096

const time = integer({ min: 0, max: 8.64e15 })
const attributes = map(text({ max: 256 }), text({ min: 0, max: MAX_TOKEN_CHARACTERS }), { max: 64 })
const applicationId = text({ max: 300, pattern: /^[A-Z_]+\/[\w.-]{1,256}$/, like: 'PLATFORM/NAME' })

const application = object({ id: applicationId, createdAt: time, attributes })
export type PlatformApplication = ShapedBy<typeof application>

const endpoint = object({
  id: text({ max: 64, pattern: /^[0-9a-f-]+$/, like: 'hexadecimal digits and dashes' }),
  application: applicationId,
  createdAt: time,
  /** Token and Enabled among them. */
  attributes,
})
export type PlatformEndpoint = ShapedBy<typeof endpoint>

const optedOut = object({
  number: text({ max: 16, pattern: PHONE_NUMBER, like: 'a phone number such as +15550100' }),
  since: time,
})
export type OptedOut = ShapedBy<typeof optedOut>

const smsSettings = object({ attributes })
export type SmsSettings = ShapedBy<typeof smsSettings>
/** The id of the only entry of its kind. */
export const SMS_SETTINGS_ID = 'account'

export interface MobileEntries {
  readonly 'platform-application': PlatformApplication
  readonly 'platform-endpoint': PlatformEndpoint
  readonly 'opted-out': OptedOut
  readonly 'sms-settings': SmsSettings
}

const underItsId = (id: string, entryId: string): void => {
  if (id !== entryId) throw new Error('The entry is stored under the id of another one.')
}

export const mobileChecks = {
  'platform-application': (state, id) => underItsId(read(application, state, 'ignored').id, id),
  'platform-endpoint'(state, id) {
    const found = read(endpoint, state, 'ignored')
    underItsId(found.id, id)
    if (!found.attributes.Token) throw new Error('attributes.Token must be a string.')
  },
  'opted-out': (state, id) => underItsId(read(optedOut, state, 'ignored').number, id),
  'sms-settings': (state) => void read(smsSettings, state, 'ignored'),
} satisfies Record<keyof MobileEntries, CheckState>
