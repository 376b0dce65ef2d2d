/** The operations on applications of mobile push. Their messages go to a gateway, which has the credentials. */
import { type Account, validationError } from '@weir/aws'
import { platformApplicationArn, platformApplicationIn } from '../notifications/mobile-arns.ts'
import { PLATFORMS, type PlatformApplication } from '../notifications/mobile-entries.ts'
import type { NotificationChange, Notifications } from '../notifications/notifications.ts'
import { applicationScope } from '../notifications/scopes.ts'
import { checkedArn } from './arns.ts'
import { invalidParameter, invalidValue, noApplication } from './errors.ts'
import { nextPage } from './paging.ts'
import type { SnsContext } from './sns-api.ts'
import type { Attributes } from './topic-attributes.ts'

export interface MobileDeps {
  readonly account: Account
  readonly notifications: Notifications
}

const MAX_NAME_CHARACTERS = 256
const MAX_VALUE_BYTES = 2048
/** Attributes that are not kept: the gateway has its own. AWS does not show them either. */
const SECRETS = ['PlatformCredential', 'PlatformPrincipal']
/** SNS API reference, SetPlatformApplicationAttributes. */
const SETTABLE = new Set([
  ...SECRETS,
  'Enabled',
  'EventEndpointCreated',
  'EventEndpointDeleted',
  'EventEndpointUpdated',
  'EventDeliveryFailure',
  'SuccessFeedbackRoleArn',
  'FailureFeedbackRoleArn',
  'SuccessFeedbackSampleRate',
  'ApplePlatformTeamID',
  'ApplePlatformBundleID',
  'AppleCertificateExpirationDate',
])
/** The platform whose credential is a key alone. */
const KEY_ONLY = new Set(['GCM', 'FCM'])

export function platformApplicationOperations({ account, notifications }: MobileDeps) {
  const { mobile } = notifications
  const put = (application: PlatformApplication): NotificationChange[] => [
    { kind: 'platform-application', id: application.id, value: application },
  ]

  return {
    async CreatePlatformApplication(
      input: { readonly Name: string; readonly Platform: string; readonly Attributes: Attributes },
      context: SnsContext,
    ) {
      const { Name: name, Platform: platform, Attributes: attributes } = input
      checkName(name)
      if (!(PLATFORMS as readonly string[]).includes(platform))
        throw invalidValue('Platform', `${platform.slice(0, 64)} is not supported`)
      const id = `${platform}/${name}`
      const arn = platformApplicationArn(account, id)
      context.authorize(arn)
      checkAttributes(attributes)
      checkCredentials(attributes, platform)
      // An application that is there gets the attributes, as at AWS.
      await notifications.change(() => {
        const { createdAt = Date.now(), attributes: before = { Enabled: 'true' } } =
          mobile.applications.get(id) ?? {}
        return put({ id, createdAt, attributes: { ...before, ...withoutSecrets(attributes) } })
      }, applicationScope(id))
      return { PlatformApplicationArn: arn }
    },

    async DeletePlatformApplication(
      { PlatformApplicationArn: arn }: { readonly PlatformApplicationArn: string },
      context: SnsContext,
    ): Promise<void> {
      const id = applicationId(arn, account, context)
      if (id === undefined) return
      await notifications.change(() => {
        if (!mobile.applications.has(id)) return []
        const endpoints = [...mobile.endpointsOf(id)].map(
          (endpoint): NotificationChange => ({
            kind: 'platform-endpoint',
            id: endpoint.id,
            value: undefined,
          }),
        )
        return [{ kind: 'platform-application', id, value: undefined }, ...endpoints]
      }, applicationScope(id))
    },

    async ListPlatformApplications({ NextToken }: { readonly NextToken?: string }, context: SnsContext) {
      await notifications.catchUp()
      const all = [...mobile.applications.values()]
        .filter(({ id }) => context.may(platformApplicationArn(account, id)))
        .sort((a, b) => (a.id < b.id ? -1 : 1))
      const { items, NextToken: next } = nextPage('applications', all, ({ id }) => id, NextToken)
      return {
        PlatformApplications: items.map(({ id, attributes }) => ({
          PlatformApplicationArn: platformApplicationArn(account, id),
          Attributes: attributes,
        })),
        NextToken: next,
      }
    },

    async GetPlatformApplicationAttributes(
      { PlatformApplicationArn: arn }: { readonly PlatformApplicationArn: string },
      context: SnsContext,
    ) {
      const id = applicationId(arn, account, context)
      await notifications.catchUp()
      return { Attributes: findApplication(notifications, id).attributes }
    },

    async SetPlatformApplicationAttributes(
      input: { readonly PlatformApplicationArn: string; readonly Attributes?: Attributes },
      context: SnsContext,
    ): Promise<void> {
      const id = applicationId(input.PlatformApplicationArn, account, context)
      const attributes = input.Attributes ?? {}
      checkAttributes(attributes)
      await notifications.change(() => {
        const found = findApplication(notifications, id)
        return put({ ...found, attributes: { ...found.attributes, ...withoutSecrets(attributes) } })
      })
    },
  }
}

/** Returns the id in an ARN that the client has rights over; undefined if no application can have it. */
export function applicationId(arn: string, account: Account, context: SnsContext): string | undefined {
  const { accountId } = checkedArn(arn, 'PlatformApplicationArn', account.region)
  context.authorize(arn)
  return accountId === account.accountId ? platformApplicationIn(arn) : undefined
}

/** Throws NotFoundException if there is no such application. */
export function findApplication({ mobile }: Notifications, id: string | undefined): PlatformApplication {
  const found = mobile.applications.get(id ?? '')
  if (found === undefined) throw noApplication()
  return found
}

/** An empty map is the same as none in the Query protocol. */
export function checkNotEmpty(attributes: Attributes): void {
  if (Object.keys(attributes).length === 0)
    throw validationError([
      "Value null at 'attributes' failed to satisfy constraint: Member must not be null",
    ])
}

function checkAttributes(attributes: Attributes): void {
  checkNotEmpty(attributes)
  for (const [name, value] of Object.entries(attributes)) {
    if (!SETTABLE.has(name)) throw invalidValue('Attributes', `Invalid attribute name: ${name.slice(0, 64)}`)
    if (!SECRETS.includes(name) && Buffer.byteLength(value) > MAX_VALUE_BYTES)
      throw invalidValue(
        'Attributes',
        `Invalid value for attribute: ${name}: must be at most ${MAX_VALUE_BYTES} bytes long in UTF-8 encoding`,
      )
  }
}

function checkCredentials({ PlatformCredential, PlatformPrincipal }: Attributes, platform: string): void {
  if (PlatformCredential !== undefined && PlatformPrincipal === undefined && !KEY_ONLY.has(platform))
    throw invalidValue('Attributes', 'PlatformCredential attribute provided without PlatformPrincipal')
  if (PlatformPrincipal !== undefined && PlatformCredential === undefined)
    throw invalidValue('Attributes', 'PlatformPrincipal attribute provided without PlatformCredential')
}

function checkName(name: string): void {
  const refuse = (reason: string): Error => invalidParameter(`${name.slice(0, 512)} Reason: ${reason}`)
  if (name === '') throw refuse('cannot be empty')
  if (name.length > MAX_NAME_CHARACTERS)
    throw refuse(`must be at most ${MAX_NAME_CHARACTERS} characters long`)
  if (!/^[\w.-]+$/.test(name))
    throw refuse("must contain only characters 'a'-'z', 'A'-'Z', '0'-'9', '_', '-', and '.'")
}

function withoutSecrets(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !SECRETS.includes(name)))
}
