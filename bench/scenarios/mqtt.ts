/** MQTT: messages of QoS 1 that are stored in a topic. All processes between the clients and Kafka are measured. */
import { fileURLToPath } from 'node:url'
import { startMosquitto } from '@weir/testkit/mosquitto.ts'
import type { Context } from '../context.ts'
import { freePort, ready, resultOf, startNode, startProcess } from '../processes.ts'
import type { Figure } from '../report.ts'

const CLIENTS = 1000
/** Messages of a client without acknowledgement. */
const WINDOW = 10
const file = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))

export const mqtt = (messages: number) => ({
  title: `MQTT messages of 200 bytes, QoS 1, from ${CLIENTS.toLocaleString('en')} clients`,
  contenders: {
    'weir ingest-hub → Kafka, acks=all': (context: Context) => hub(context, messages),
    'Mosquitto, and mqtt.js + kafkajs → Kafka, acks=all': (context: Context) =>
      bridge(context, messages / 10),
  },
})

async function hub({ env }: Context, messages: number): Promise<Figure> {
  const [port, mqttPort] = [await freePort(), await freePort()]
  const process = startNode(file('../services/ingest-hub/main.ts'), {
    ...env,
    HTTP_PORT: String(port),
    MQTT_PORT: String(mqttPort),
  })
  try {
    await ready(`http://127.0.0.1:${port}/readyz`, process)
    return await published(messages, { MQTT_PORT: String(mqttPort), MQTT_PIDS: String(process.pid) })
  } finally {
    await process.stop()
  }
}

async function bridge({ brokers }: Context, messages: number): Promise<Figure> {
  const [mosquitto, port] = [await startMosquitto(), await freePort()]
  const url = `http://127.0.0.1:${port}/`
  const MQTT_PORT = String(mosquitto.port)
  const process = startNode(file('baseline/mqtt-bridge.ts'), {
    MQTT_PORT,
    HTTP_PORT: String(port),
    KAFKA_BROKERS: brokers,
    TOPIC: 'bench.json',
  })
  try {
    await ready(url, process)
    const MQTT_PIDS = `${mosquitto.pid},${process.pid}`
    return await published(messages, { MQTT_PORT, MQTT_PIDS, MQTT_STORED_URL: url })
  } finally {
    await process.stop()
    await mosquitto.stop()
  }
}

const published = (messages: number, env: Readonly<Record<string, string>>): Promise<Figure> =>
  resultOf((RESULT) =>
    startProcess(process.execPath, [file('load/mqtt.ts')], {
      MQTT_CLIENTS: String(CLIENTS),
      MQTT_WINDOW: String(WINDOW),
      MQTT_MESSAGES: String(messages),
      RESULT,
      ...env,
    }),
  )
