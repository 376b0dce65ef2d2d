/**
 * Notifications: the time from the request of Publish until the message is at a subscriber over HTTP, at a steady
 * rate; and messages per CPU-second of PublishBatch.
 */
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { awsCommand } from '@weir/testkit/aws.ts'
import type { Context } from '../context.ts'
import { latencyHistogram } from '../histogram.ts'
import { freePort, type Process, ready, startNode, startProcess } from '../processes.ts'
import type { Figure, Latency } from '../report.ts'

const WARM_UP_SECONDS = 20
const BATCH = 10
/** AWS's SDK for JavaScript opens as many connections. */
const CONNECTIONS = 50
const MESSAGE = 'x'.repeat(200)

export const notify = (perSecond: number, seconds: number) => ({
  title: `Publish → subscriber over HTTP, ${perSecond.toLocaleString('en')} messages/s`,
  contenders: { 'weir alerter': (context: Context) => delivered(context, perSecond, seconds) },
})

/** @param batches of ten messages of 200 bytes */
export const publish = (batches: number) => ({
  title: 'PublishBatch of 10 messages of 200 bytes',
  contenders: {
    'weir alerter → Kafka, acks=all': (context: Context) => published(startAlerter(context), batches),
    'moto server → its memory': () => published(startMoto(), batches / 10),
  },
})

interface Sns {
  readonly process: Process
  readonly topic: string
  /** Sends a request of the API; rejects unless it is answered with 200. */
  call(parameters: Readonly<Record<string, string>>): Promise<string>
  stop(): Promise<void>
}

async function startAlerter({ env }: Context): Promise<Sns> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const process = startNode(fileURLToPath(new URL('../../services/alerter/main.ts', import.meta.url)), {
    ...env,
    HTTP_PORT: String(port),
    EGRESS_ALLOW: '127.0.0.0/8',
  })
  await ready(`${url}/readyz`, process)
  return openSns(url, process)
}

async function startMoto(): Promise<Sns> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const { command, args } = await awsCommand(port)
  const process = startProcess(command, args)
  await ready(`${url}/moto-api/`, process)
  // moto serves many APIs, and finds the one of a request by the scope of its signature, which it does not check.
  const authorization = 'AWS4-HMAC-SHA256 Credential=BENCH/20260101/us-east-1/sns/aws4_request'
  return openSns(url, process, { authorization })
}

async function openSns(
  url: string,
  process: Process,
  more: Readonly<Record<string, string>> = {},
): Promise<Sns> {
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
  const created = await call({ Action: 'CreateTopic', Name: `bench-${Date.now()}` })
  const [, topic] = /<TopicArn>([^<]+)/.exec(created)!
  return {
    process,
    topic,
    call,
    stop: async () => {
      agent.destroy()
      await process.stop()
    },
  }
}

async function delivered(context: Context, perSecond: number, seconds: number): Promise<Latency> {
  const alerter = await startAlerter(context)
  const total = perSecond * (WARM_UP_SECONDS + seconds)
  const due = new Float64Array(total)
  const histogram = latencyHistogram()
  let received = 0
  const confirmed = Promise.withResolvers<string>()
  const subscriber = createServer((message, response) => {
    let body = ''
    message.on('data', (chunk) => {
      body += chunk
    })
    message.on('end', () => {
      response.end()
      const { Type, Token, Message } = JSON.parse(body)
      if (Type !== 'Notification') return confirmed.resolve(Token)
      const number = Number(Message.split(' ', 1)[0])
      received++
      if (number >= WARM_UP_SECONDS * perSecond) histogram.add(performance.now() - due[number])
    })
  })
  await new Promise<void>((resolve) => subscriber.listen(0, '127.0.0.1', resolve))
  try {
    const TopicArn = alerter.topic
    const Endpoint = `http://127.0.0.1:${(subscriber.address() as AddressInfo).port}/`
    await alerter.call({ Action: 'Subscribe', TopicArn, Protocol: 'http', Endpoint })
    await alerter.call({ Action: 'ConfirmSubscription', TopicArn, Token: await confirmed.promise })
    const answers: Promise<unknown>[] = []
    const started = performance.now()
    // Each request is sent when it is due, whatever the responses do (coordinated omission).
    for (let number = 0; number < total; ) {
      const at = started + (number * 1000) / perSecond
      if (performance.now() < at) {
        await pause(1)
        continue
      }
      due[number] = at
      answers.push(alerter.call({ Action: 'Publish', TopicArn, Message: `${number++} ${MESSAGE}` }))
    }
    await Promise.all(answers)
    for (let waited = 0; received < total && waited < 30_000; waited += 100) await pause(100)
    if (received < total) throw new Error(`${received} of ${total} messages arrived.`)
    return histogram.result()
  } finally {
    subscriber.closeAllConnections()
    subscriber.close()
    await alerter.stop()
  }
}

async function published(starting: Promise<Sns>, batches: number): Promise<Figure> {
  const sns = await starting
  try {
    const parameters: Record<string, string> = { Action: 'PublishBatch', TopicArn: sns.topic }
    for (let i = 1; i <= BATCH; i++) {
      parameters[`PublishBatchRequestEntries.member.${i}.Id`] = `id-${i}`
      parameters[`PublishBatchRequestEntries.member.${i}.Message`] = MESSAGE
    }
    const send = async (count: number): Promise<void> => {
      let left = count
      await Promise.all(
        Array.from({ length: CONNECTIONS }, async () => {
          while (left-- > 0) await sns.call(parameters)
        }),
      )
    }
    await send(batches / 2)
    const [cpu, from] = [sns.process.cpu(), performance.now()]
    await send(batches)
    return {
      perCpuSecond: (batches * BATCH) / (sns.process.cpu() - cpu),
      perSecond: (batches * BATCH * 1000) / (performance.now() - from),
    }
  } finally {
    await sns.stop()
  }
}
