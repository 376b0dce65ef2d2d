/** An HTTP endpoint that follows the specification of Firehose's HTTP endpoints, behind a proxy with TLS. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { gunzipSync } from 'node:zlib'
import { type FaultyProxy, faultyProxy } from '@weir/sinks/conformance/faulty-proxy.ts'
import { makeCertificates } from '@weir/testkit/certificates.ts'

export interface EndpointRequest {
  readonly headers: IncomingHttpHeaders
  readonly requestId: string
  /** Ms since the epoch. */
  readonly timestamp: number
  readonly records: readonly Buffer[]
}

export interface HttpEndpointServer {
  readonly proxy: FaultyProxy
  /** All requests by their URLs, in the order of arrival. */
  requests(path: string): readonly EndpointRequest[]
  /** Answers instead of what the specification says. */
  answer: ((request: EndpointRequest, response: ServerResponse) => void) | undefined
  stop(): Promise<void>
}

export async function startHttpEndpoint(): Promise<HttpEndpointServer> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-endpoint-'))
  const { ca, keyFile } = await makeCertificates(folder)
  const usual = getCACertificates('default')
  setDefaultCACertificates([...usual, ca])
  const requests = new Map<string, EndpointRequest[]>()
  const server = createServer(async (incoming, response) => {
    const { url, headers } = incoming
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    const body = JSON.parse(String(headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes))
    const records = body.records.map(({ data }: { data: string }) => Buffer.from(data, 'base64'))
    const request = { headers, requestId: body.requestId, timestamp: body.timestamp, records }
    requests.set(url!, [...(requests.get(url!) ?? []), request])
    if (endpoint.answer !== undefined) return endpoint.answer(request, response)
    acknowledge(response, request.requestId)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const proxy = await faultyProxy(url, { isWrite: () => true, pem: readFileSync(keyFile) })
  const endpoint: HttpEndpointServer = {
    proxy,
    requests: (path) => requests.get(path) ?? [],
    answer: undefined,
    async stop() {
      setDefaultCACertificates(usual)
      await proxy.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true })
    },
  }
  return endpoint
}

export function acknowledge(response: ServerResponse, requestId: string): void {
  const text = JSON.stringify({ requestId, timestamp: Date.now() })
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length }).end(text)
}
