/** The operations on endpoints of mobile push: a device with an application. */
import { randomUUID } from 'node:crypto'
import { platformEndpointArn, platformEndpointIn } from '../notifications/mobile-arns.ts'
import { MAX_TOKEN_CHARACTERS, type PlatformEndpoint } from '../notifications/mobile-entries.ts'
import type { NotificationChange } from '../notifications/notifications.ts'
import { tokenScope } from '../notifications/scopes.ts'
import { checkedArn } from './arns.ts'
import { invalidValue, noEndpoint } from './errors.ts'
import { nextPage } from './paging.ts'
import { applicationId, checkNotEmpty, findApplication, type MobileDeps } from './platform-applications.ts'
import type { SnsContext } from './sns-api.ts'
import type { Attributes } from './topic-attributes.ts'

const NAMES = new Set(['CustomUserData', 'Enabled', 'Token'])
const MAX_USER_DATA_BYTES = 2048
/** endpoint/PLATFORM/NAME/ID */
const SLASHES = 3

interface CreateInput {
  readonly PlatformApplicationArn: string
  readonly Token: string
  readonly CustomUserData?: string
  readonly Attributes?: Attributes
}

export function platformEndpointOperations({ account, notifications }: MobileDeps) {
  const { mobile } = notifications
  const put = (endpoint: PlatformEndpoint): NotificationChange[] => [
    { kind: 'platform-endpoint', id: endpoint.id, value: endpoint },
  ]
  const arnOf = (endpoint: PlatformEndpoint): string => platformEndpointArn(account, endpoint)

  /** Returns the id in an ARN that the client has rights over; undefined if no endpoint can have it. */
  const endpointId = (arn: string, context: SnsContext): string | undefined => {
    const { accountId, resource } = checkedArn(arn, 'EndpointArn', account.region)
    if (resource.split('/').length !== SLASHES + 1)
      throw invalidValue('EndpointArn', 'Wrong number of slashes in relative portion of the ARN.')
    context.authorize(arn)
    return accountId === account.accountId ? platformEndpointIn(arn)?.id : undefined
  }

  const find = (id: string | undefined): PlatformEndpoint => {
    const found = mobile.endpoints.get(id ?? '')
    if (found === undefined) throw noEndpoint()
    return found
  }

  return {
    async CreatePlatformEndpoint(input: CreateInput, context: SnsContext) {
      const application = applicationId(input.PlatformApplicationArn, account, context)
      const { Token, CustomUserData, Attributes: given = {} } = input
      const own: Attributes = CustomUserData === undefined ? {} : { CustomUserData }
      const attributes: PlatformEndpoint['attributes'] = { Enabled: 'true', ...own, ...given, Token }
      checkAttributes(attributes)
      let made: PlatformEndpoint | undefined
      await notifications.change(
        () => {
          const { id } = findApplication(notifications, application)
          const found = mobile.endpointWith(id, Token)
          if (found !== undefined && !isSame(found.attributes, attributes))
            throw invalidValue(
              'Token',
              `Endpoint ${arnOf(found)} already exists with the same Token, but different attributes.`,
            )
          made = found ?? { id: randomUUID(), application: id, createdAt: Date.now(), attributes }
          return found === undefined ? put(made) : []
        },
        tokenScope(application ?? '', Token),
      )
      return { EndpointArn: arnOf(made!) }
    },

    async DeleteEndpoint(
      { EndpointArn }: { readonly EndpointArn: string },
      context: SnsContext,
    ): Promise<void> {
      const id = endpointId(EndpointArn, context)
      await notifications.change(() =>
        id !== undefined && mobile.endpoints.has(id)
          ? [{ kind: 'platform-endpoint', id, value: undefined }]
          : [],
      )
    },

    async ListEndpointsByPlatformApplication(
      input: { readonly PlatformApplicationArn: string; readonly NextToken?: string },
      context: SnsContext,
    ) {
      const application = applicationId(input.PlatformApplicationArn, account, context)
      await notifications.catchUp()
      const { id } = findApplication(notifications, application)
      const all = [...mobile.endpointsOf(id)].sort((a, b) => (a.id < b.id ? -1 : 1))
      const { items, NextToken } = nextPage(`endpoints of ${id}`, all, (one) => one.id, input.NextToken)
      return {
        Endpoints: items.map((one) => ({ EndpointArn: arnOf(one), Attributes: one.attributes })),
        NextToken,
      }
    },

    async GetEndpointAttributes({ EndpointArn }: { readonly EndpointArn: string }, context: SnsContext) {
      const id = endpointId(EndpointArn, context)
      await notifications.catchUp()
      return { Attributes: find(id).attributes }
    },

    async SetEndpointAttributes(
      input: { readonly EndpointArn: string; readonly Attributes?: Attributes },
      context: SnsContext,
    ): Promise<void> {
      const id = endpointId(input.EndpointArn, context)
      await notifications.change(() => {
        const found = find(id)
        const given = input.Attributes ?? {}
        checkNotEmpty(given)
        const attributes = { ...found.attributes, ...given }
        checkAttributes(attributes)
        const other = mobile.endpointWith(found.application, attributes.Token)
        if (other !== undefined && other.id !== found.id)
          throw invalidValue('Attributes', `Endpoint ${arnOf(other)} already exists with the same Token`)
        return put({ ...found, attributes })
      })
    },
  }
}

function checkAttributes(attributes: Attributes): void {
  for (const name of Object.keys(attributes))
    if (!NAMES.has(name)) throw invalidValue('Attributes', `Invalid attribute name: ${name.slice(0, 64)}`)
  const { CustomUserData = '', Enabled, Token } = attributes
  if (Buffer.byteLength(CustomUserData) > MAX_USER_DATA_BYTES)
    throw invalidValue(
      'Attributes',
      `Invalid value for attribute: CustomUserData: must be at most ${MAX_USER_DATA_BYTES} bytes long in UTF-8 encoding`,
    )
  if (!/^(true|false)$/.test(Enabled))
    throw invalidValue('Attributes', 'Invalid value for attribute: Enabled: must be true or false')
  if (Token === '' || Token.length > MAX_TOKEN_CHARACTERS)
    throw invalidValue('Token', `must be 1 to ${MAX_TOKEN_CHARACTERS} characters long`)
}

function isSame(a: Attributes, b: Attributes): boolean {
  return [...NAMES].every((name) => a[name] === b[name])
}
