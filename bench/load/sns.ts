/** A client of the SNS API of a process, and a subscriber over HTTP. */
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Process } from '../processes.ts'

/** AWS's SDK for JavaScript opens as many connections. */
export const CONNECTIONS = 50

export interface Sns {
  readonly process: Process
  /** Resolves to the ARN. */
  create(topic: string): Promise<string>
  /** Sends a request of the API; rejects unless it is answered with 200. */
  call(parameters: Readonly<Record<string, string>>): Promise<string>
  /** Calls `take` with each notification of the topic. */
  subscribe(topic: string, take: (notification: any) => void): Promise<void>
  stop(): Promise<void>
}

export function openSns(url: string, process: Process, more: Readonly<Record<string, string>> = {}): Sns {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const call: Sns['call'] = (parameters) =>
    new Promise((resolve, reject) => {
      const body = new URLSearchParams({ Version: '2010-03-31', ...parameters }).toString()
      const headers = {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': Buffer.byteLength(body),
        ...more,
      }
      const sent = request(url, { agent, method: 'POST', headers }, (response) => {
        let text = ''
        response.on('data', (chunk) => {
          text += chunk
        })
        response.once('end', () =>
          response.statusCode === 200 ? resolve(text) : reject(new Error(`The answer was ${text}`)),
        )
      })
      sent.once('error', reject)
      sent.end(body)
    })
  const stops: (() => void)[] = [() => agent.destroy()]
  return {
    process,
    call,
    create: async (topic) => /<TopicArn>([^<]+)/.exec(await call({ Action: 'CreateTopic', Name: topic }))![1],
    subscribe: async (TopicArn, take) => {
      const confirmed = Promise.withResolvers<string>()
      const subscriber = createServer((message, response) => {
        let body = ''
        message.on('data', (chunk) => {
          body += chunk
        })
        message.on('end', () => {
          response.end()
          const notification = JSON.parse(body)
          if (notification.Type === 'Notification') take(notification)
          else confirmed.resolve(notification.Token)
        })
      })
      await new Promise<void>((resolve) => subscriber.listen(0, '127.0.0.1', resolve))
      stops.push(() => {
        subscriber.closeAllConnections()
        subscriber.close()
      })
      const Endpoint = `http://127.0.0.1:${(subscriber.address() as AddressInfo).port}/`
      await call({ Action: 'Subscribe', TopicArn, Protocol: 'http', Endpoint })
      await call({ Action: 'ConfirmSubscription', TopicArn, Token: await confirmed.promise })
    },
    stop: async () => {
      for (const stop of stops) stop()
      await process.stop()
    },
  }
}
