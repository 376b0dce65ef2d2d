/** MQTT: messages of QoS 1 that are stored in a topic. The hub's process is measured. */
import { fileURLToPath } from 'node:url'
import type { Context } from '../context.ts'
import { freePort, ready, resultOf, startNode, startProcess } from '../processes.ts'
import type { Figure } from '../report.ts'

const CLIENTS = 1000
/** Messages of a client without acknowledgement. */
const WINDOW = 10
const file = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))

export const mqtt = (messages: number) => ({
  title: `MQTT messages of 200 bytes, QoS 1, from ${CLIENTS.toLocaleString('en')} clients`,
  contenders: { 'weir ingest-hub → Kafka, acks=all': (context: Context) => published(context, messages) },
})

async function published({ env }: Context, messages: number): Promise<Figure> {
  const [port, mqttPort] = [await freePort(), await freePort()]
  const hub = startNode(file('../services/ingest-hub/main.ts'), {
    ...env,
    HTTP_PORT: String(port),
    MQTT_PORT: String(mqttPort),
  })
  try {
    await ready(`http://127.0.0.1:${port}/readyz`, hub)
    return await resultOf<Figure>((RESULT) =>
      startProcess(process.execPath, [file('load/mqtt.ts')], {
        MQTT_PORT: String(mqttPort),
        MQTT_CLIENTS: String(CLIENTS),
        MQTT_WINDOW: String(WINDOW),
        MQTT_MESSAGES: String(messages),
        MQTT_PIDS: String(hub.pid),
        RESULT,
      }),
    )
  } finally {
    await hub.stop()
  }
}
