/**
 * Notifications: the time from the request of Publish until the message is at a subscriber over HTTP, at a steady
 * rate; and messages per CPU-second of PublishBatch.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { awsCommand } from '@weir/testkit/aws.ts'
import type { Context } from '../context.ts'
import { latencyHistogram } from '../histogram.ts'
import { CONNECTIONS, openSns, type Sns } from '../load/sns.ts'
import { freePort, ready, startNode, startProcess } from '../processes.ts'
import type { Figure, Latency } from '../report.ts'

const WARM_UP_SECONDS = 20
const BATCH = 10
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

async function delivered(context: Context, perSecond: number, seconds: number): Promise<Latency> {
  const alerter = await startAlerter(context)
  const total = perSecond * (WARM_UP_SECONDS + seconds)
  const due = new Float64Array(total)
  const histogram = latencyHistogram()
  let received = 0
  try {
    const TopicArn = await alerter.create(`bench-${Date.now()}`)
    await alerter.subscribe(TopicArn, ({ Message }) => {
      const number = Number(Message.split(' ', 1)[0])
      received++
      if (number >= WARM_UP_SECONDS * perSecond) histogram.add(performance.now() - due[number])
    })
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
    await alerter.stop()
  }
}

async function published(starting: Promise<Sns>, batches: number): Promise<Figure> {
  const sns = await starting
  try {
    const TopicArn = await sns.create(`bench-${Date.now()}`)
    const parameters: Record<string, string> = { Action: 'PublishBatch', TopicArn }
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
