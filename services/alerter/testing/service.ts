/** The alerter as a process of its own, AWS's client for it, and receivers of what it sends. */
import { SNSClient } from '@aws-sdk/client-sns'
import { type HttpReceiver, startReceiver } from '@weir/testkit/http-receiver.ts'
import { type ServiceProcess, startService, untilReady } from '@weir/testkit/service-process.ts'
import { onTestFinished } from 'vitest'

export const region = 'us-east-1'
export const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }

export interface Alerter extends ServiceProcess {
  readonly sns: SNSClient
}

/** Starts a service, and resolves when it is ready. */
export async function startReady(
  name: string,
  env: Readonly<Record<string, string>>,
): Promise<ServiceProcess> {
  const service = await startService(name, env)
  await untilReady(service)
  return service
}

export async function startAlerter(env: Readonly<Record<string, string>>): Promise<Alerter> {
  const service = await startReady('alerter', env)
  return Object.assign(service, { sns: new SNSClient({ endpoint: service.url, region, credentials }) })
}

/** Starts a receiver that stops when the test ends. */
export async function openReceiver(...args: Parameters<typeof startReceiver>): Promise<HttpReceiver> {
  const started = await startReceiver(...args)
  onTestFinished(() => started.stop())
  return started
}
