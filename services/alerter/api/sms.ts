/** The operations on text messages. */
import type { Account } from '@weir/aws'
import { PHONE_NUMBER, SMS_SETTINGS_ID } from '../notifications/mobile-entries.ts'
import type { Notifications } from '../notifications/notifications.ts'
import { invalidSmsParameter, invalidValue } from './errors.ts'
import { nextPage } from './paging.ts'
import type { SnsContext } from './sns-api.ts'
import type { Attributes } from './topic-attributes.ts'

/** SNS API reference, SetSMSAttributes; returns whether a value is right. */
const CHECKS: Readonly<Record<string, (value: string) => boolean>> = {
  MonthlySpendLimit: (value) => /^\d{1,9}$/.test(value),
  DeliveryStatusIAMRole: () => true,
  DeliveryStatusSuccessSamplingRate: (value) => /^(\d{1,2}|100)$/.test(value),
  DefaultSenderID: (value) => /^(?=.{1,11}$)(?=.*[a-z])[a-z\d-]+$/i.test(value),
  DefaultSMSType: (value) => value === 'Promotional' || value === 'Transactional',
  UsageReportS3Bucket: () => true,
}
const DEFAULTS: Attributes = { MonthlySpendLimit: '1' }
const MAX_VALUE_CHARACTERS = 2048

export interface SmsDeps {
  readonly account: Account
  readonly notifications: Notifications
}

export function smsOperations({ notifications }: SmsDeps) {
  const { mobile } = notifications
  return {
    async SetSMSAttributes({ attributes }: { readonly attributes: Attributes }, context: SnsContext) {
      context.authorize('*')
      for (const [name, value] of Object.entries(attributes)) {
        if (!Object.hasOwn(CHECKS, name))
          throw invalidSmsParameter(`${name.slice(0, 64)} is not a valid attribute`)
        if (value.length > MAX_VALUE_CHARACTERS || !CHECKS[name](value))
          throw invalidSmsParameter(`${name} is invalid`)
      }
      await notifications.change(() => [
        {
          kind: 'sms-settings',
          id: SMS_SETTINGS_ID,
          value: { attributes: { ...mobile.smsAttributes, ...attributes } },
        },
      ])
      return {}
    },

    async GetSMSAttributes(
      { attributes: wanted }: { readonly attributes?: readonly string[] },
      context: SnsContext,
    ) {
      context.authorize('*')
      await notifications.catchUp()
      const all = Object.entries({ ...DEFAULTS, ...mobile.smsAttributes })
      const isWanted = (name: string): boolean =>
        wanted === undefined || wanted.length === 0 || wanted.includes(name)
      return { attributes: Object.fromEntries(all.filter(([name]) => isWanted(name))) }
    },

    async CheckIfPhoneNumberIsOptedOut(
      { phoneNumber }: { readonly phoneNumber: string },
      context: SnsContext,
    ) {
      context.authorize('*')
      checkNumber(phoneNumber)
      await notifications.catchUp()
      return { isOptedOut: mobile.optedOut.has(phoneNumber) }
    },

    async ListPhoneNumbersOptedOut({ nextToken }: { readonly nextToken?: string }, context: SnsContext) {
      context.authorize('*')
      await notifications.catchUp()
      const numbers = [...mobile.optedOut.keys()].sort()
      const { items, NextToken } = nextPage('opted out', numbers, (number) => number, nextToken)
      return { phoneNumbers: items, nextToken: NextToken }
    },

    async OptInPhoneNumber({ phoneNumber }: { readonly phoneNumber: string }, context: SnsContext) {
      context.authorize('*')
      checkNumber(phoneNumber)
      await notifications.change(() =>
        mobile.optedOut.has(phoneNumber) ? [{ kind: 'opted-out', id: phoneNumber, value: undefined }] : [],
      )
      return {}
    },

    async GetSMSSandboxAccountStatus(_input: object, context: SnsContext) {
      context.authorize('*')
      return { IsInSandbox: false }
    },
  }
}

function checkNumber(phoneNumber: string): void {
  if (!PHONE_NUMBER.test(phoneNumber)) throw invalidValue('PhoneNumber', 'input incorrectly formatted')
}
