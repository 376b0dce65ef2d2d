import { rmSync } from 'node:fs'
import {
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  PutFunctionConcurrencyCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda'
import { signatureHeaders } from '@weir/aws'
import { prepare } from '@weir/ingest-hub/testing/hub.ts'
import { servers, uniqueName } from '@weir/testkit'
import { startService } from '@weir/testkit/service-process.ts'
import { zipOf } from '@weir/tools/weir/commands/functions-archive.ts'
import type { Victim } from './attack.ts'
import { GREEDY, guarded, HONEST, HONEST_API_KEY, REGION, type Target } from './target.ts'

/** The code of the greedy client's function, which does what its event says. */
const GREEDY_CODE = `
import { writeSync } from 'node:fs'
const empty = Buffer.alloc(64 << 10), large = Buffer.alloc(6 << 20, 'x')
export const handler = async ({ what }) => {
  if (what === 'answer') return 'x'.repeat(6_000_000)
  if (what === 'loop') for (;;);
  const end = Date.now() + 3000
  while (Date.now() < end) {
    if (what === 'print') console.log('x'.repeat(1000))
    try { if (what === 'frames') writeSync(3, empty) } catch {}
    try { if (what === 'large frames') writeSync(3, large) } catch {}
    await new Promise(setImmediate)
  }
}`

export interface EnricherVictim extends Victim {
  /** The name of a function whose code is GREEDY_CODE. */
  readonly functionName: string
}

/** Returns the headers of a request to Lambda's API, signed by the greedy client. */
export function signedBy(
  { url }: Victim,
  method: string,
  path: string,
  body: string | Buffer,
  type = 'application/json',
): Readonly<Record<string, string>> {
  return signatureHeaders(
    { method, url: new URL(`${url}${path}`), body, headers: { 'content-type': type } },
    GREEDY,
    REGION,
    'lambda',
  )
}

export async function openEnricherTarget(): Promise<Target<EnricherVictim>> {
  const [{ brokers }, { url: registryUrl }, { url: redisUrl }] = await Promise.all([
    servers.kafka(),
    servers.registry(),
    servers.redis(),
  ])
  await (await prepare({ brokers, registryUrl })).stop()
  const [honestName, functionName] = [uniqueName('honest'), uniqueName('greedy')]
  const { env, folder } = guarded({ streams: [], functions: [functionName] })
  const service = await startService('enricher', {
    ...env,
    KAFKA_BROKERS: brokers.join(','),
    REGISTRY_URL: registryUrl,
    REDIS_URL: redisUrl,
    FUNCTIONS_DEPLOY: 'true',
  })
  const { url } = service
  const client = new LambdaClient({ endpoint: url, region: REGION, credentials: HONEST, maxAttempts: 1 })
  const deploy = async (
    FunctionName: string,
    code: string,
    ReservedConcurrentExecutions: number,
  ): Promise<void> => {
    const ZipFile = await zipOf([{ name: 'index.mjs', bytes: Buffer.from(code) }])
    const Role = 'arn:aws:iam::000000000000:role/functions'
    await client.send(
      new CreateFunctionCommand({
        FunctionName,
        Role,
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Timeout: 5,
        Code: { ZipFile },
      }),
    )
    await client.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions }))
    await waitUntilFunctionActiveV2({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { FunctionName })
  }
  await deploy(honestName, 'export const handler = async (event) => event', 2)
  await deploy(functionName, GREEDY_CODE, 6)
  const honest = {
    invoke: async () => {
      const { Payload, FunctionError } = await client.send(
        new InvokeCommand({ FunctionName: honestName, Payload: Buffer.from('{"a":1}') }),
      )
      return FunctionError ?? (Buffer.from(Payload!).toString() === '{"a":1}' ? 'ok' : 'other')
    },
    reference: async () => {
      const response = await fetch(`${url}/v1/reference/zones`, { headers: { 'x-api-key': HONEST_API_KEY } })
      await response.text()
      return response.status === 200 ? 'ok' : String(response.status)
    },
  }
  // Now the function's process has started.
  await honest.invoke()
  return {
    service,
    honest,
    victim: async () => ({ url, functionName }),
    stop: async () => {
      client.destroy()
      service.kill('SIGTERM')
      await service.exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
