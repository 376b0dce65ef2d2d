import { registryUrl } from '@weir/codec'
import type { ConfigReader } from '@weir/config'
import { SERVICES, type Service, services } from '@weir/contracts/services.ts'
import { kafkaConfig } from '@weir/kafka'
import { accessConfig, httpConfig, serviceUrl } from '@weir/service'

/** The services whose health the console asks for: all but itself. */
const OTHERS = SERVICES.filter((name) => name !== 'console')

/** The configuration of the console, read from its environment. */
export const config = (reader: ConfigReader) => {
  const urls = OTHERS.map((name) => ({ name, url: serviceUrl(reader, name) }))
  return {
    kafka: kafkaConfig(reader),
    registryUrl: registryUrl(reader),
    access: accessConfig(reader),
    solutions: reader.list('WEIR_SOLUTIONS', 'The names of the solutions to show; if empty, all.', ''),
    /** The other services, in the order of the data flow. */
    urls,
    /** Where browsers find the services that have pages. */
    publicUrls: {
      enricher: publicUrl(reader, 'enricher', urls),
      indexer: publicUrl(reader, 'indexer', urls),
      alerter: publicUrl(reader, 'alerter', urls),
    },
    aws: { credentials: credentials(reader), region: region(reader) },
    http: httpConfig(reader, services.console.port),
  }
}

function publicUrl(
  reader: ConfigReader,
  name: 'enricher' | 'indexer' | 'alerter',
  urls: readonly { readonly name: Service; readonly url: string }[],
): string {
  const own = urls.find((one) => one.name === name)!.url
  return reader.httpUrl(
    `${services[name].variable}_PUBLIC_URL`,
    `Where browsers find the pages of ${name}; if not set, at its URL.`,
    own,
  )
}

const region = (reader: ConfigReader): string =>
  reader.string('AWS_REGION', 'The region for which requests are signed.', 'us-east-1')

/** Undefined if requests to the Kinesis and Lambda APIs are not signed. */
function credentials(reader: ConfigReader) {
  const accessKeyId = reader.optional(
    'AWS_ACCESS_KEY_ID',
    'The access key with which streams and functions are listed; if not set, requests are not signed.',
  )
  const secretAccessKey = reader.secret('AWS_SECRET_ACCESS_KEY', 'The secret of AWS_ACCESS_KEY_ID.')
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined))
    reader.problem('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together; set both or none.')
  return accessKeyId === undefined || secretAccessKey === undefined
    ? undefined
    : { accessKeyId, secretAccessKey }
}
