/** The ARNs of applications and endpoints of mobile push. */
import { type Account, formatArn, parseArn } from '@weir/aws'
import type { PlatformEndpoint } from './mobile-entries.ts'

const APPLICATION = /^app\/([A-Z_]+\/[\w.-]{1,256})$/
const ENDPOINT = /^endpoint\/([A-Z_]+\/[\w.-]{1,256})\/([0-9a-f-]{36})$/

/** @param id PLATFORM/NAME */
export function platformApplicationArn(account: Account, id: string): string {
  return formatArn({ ...account, service: 'sns', resource: `app/${id}` })
}

export function platformEndpointArn(
  account: Account,
  { application, id }: Pick<PlatformEndpoint, 'application' | 'id'>,
): string {
  return formatArn({ ...account, service: 'sns', resource: `endpoint/${application}/${id}` })
}

/** Returns the id of the application; undefined for other texts. */
export function platformApplicationIn(arn: string): string | undefined {
  return APPLICATION.exec(resourceOf(arn))?.[1]
}

/** Returns the application and the id of the endpoint; undefined for other texts. */
export function platformEndpointIn(arn: string): Pick<PlatformEndpoint, 'application' | 'id'> | undefined {
  const [, application, id] = ENDPOINT.exec(resourceOf(arn)) ?? []
  return application === undefined ? undefined : { application, id }
}

function resourceOf(arn: string): string {
  const parsed = parseArn(arn)
  return parsed?.service === 'sns' ? parsed.resource : ''
}
