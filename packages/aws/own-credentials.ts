/** The access key with which a service calls others. */
import type { ConfigReader } from '@weir/config'
import { type Service, services } from '@weir/contracts/services.ts'
import type { AwsCredentials } from './sigv4/sign.ts'

/**
 * Reads it from the service's environment. Undefined if requests to the other services are not signed.
 * AWS_ACCESS_KEY_ID is for AWS itself, so it is not used here.
 * @param purpose completes "The access key with which …"
 */
export function ownCredentials(
  reader: ConfigReader,
  service: Service,
  purpose: string,
): AwsCredentials | undefined {
  const { variable } = services[service]
  const [id, secret] = [`${variable}_ACCESS_KEY_ID`, `${variable}_SECRET_ACCESS_KEY`]
  const accessKeyId = reader.optional(
    id,
    `The access key with which ${purpose}; if not set, requests are not signed.`,
  )
  const secretAccessKey = reader.secret(secret, 'Its secret.')
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined))
    reader.problem(`${id} and ${secret} belong together; set both or none.`)
  return accessKeyId === undefined || secretAccessKey === undefined
    ? undefined
    : { accessKeyId, secretAccessKey }
}
