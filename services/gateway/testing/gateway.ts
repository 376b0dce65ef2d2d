/** A gateway in the process of the test, before servers that the test answers with. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ANONYMOUS, parseAccessKeys } from '@weir/aws/access-key-file.ts'
import { Admission, logger, openHttp } from '@weir/service'
import { gatewayDoor } from '../door.ts'
import { routesTo } from '../routes.ts'
import { openUpstream } from '../upstream.ts'

export const KEY = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'only-for-tests-of-the-gateway' }

export interface Server {
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

/** Listens on a port of the loopback address. */
export async function listen(answer: RequestListener, wanted = 0): Promise<Server> {
  const server = createServer(answer).listen(wanted, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** @param options `open`: whether requests without a key are served */
export async function startGateway(
  urls: Readonly<Record<'hub' | 'enricher' | 'pricing' | 'alerter', string>>,
  { open = false }: { readonly open?: boolean } = {},
): Promise<Server> {
  const log = logger('gateway')
  log.level = 'silent'
  const { clients } = parseAccessKeys(JSON.stringify([{ ...KEY, rights: { kinesis: ['*'] } }]))
  const hub = openUpstream({ name: 'ingest-hub', url: urls.hub }, log)
  const enricher = openUpstream({ name: 'enricher', url: urls.enricher }, log)
  const pricing = openUpstream({ name: 'pricing', url: urls.pricing }, log)
  const alerter = openUpstream({ name: 'alerter', url: urls.alerter }, log)
  const door = gatewayDoor({
    access: { client: (id) => clients.get(id), anonymous: open ? ANONYMOUS : undefined },
    routes: routesTo([
      { apis: ['kinesis', 'firehose', 'iot', 'iotdata', 'sts'], upstream: hub.value },
      { apis: ['lambda'], upstream: enricher.value },
      { apis: ['dynamodb', 'dynamodbstreams', 'glue', 'sagemaker'], upstream: pricing.value },
      { apis: ['sns'], upstream: alerter.value },
    ]),
  })
  const { value, stop } = await openHttp(
    { host: '127.0.0.1', port: 0 },
    { log, ready: {}, admission: new Admission(64 << 20), routes: (app) => void app.register(door) },
  )
  return {
    url: value.url,
    port: value.port,
    async close() {
      await stop(100)
      await Promise.all([hub.stop(0), enricher.stop(0), pricing.stop(0), alerter.stop(0)])
    },
  }
}
