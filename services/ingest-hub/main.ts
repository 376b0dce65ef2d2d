import { awsDoor, openAwsAccess } from '@weir/aws'
import { openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import { hostNames } from '@weir/contracts/services.ts'
import { openEgress } from '@weir/egress'
import { openKafka } from '@weir/kafka'
import {
  configured,
  instance,
  openAccess,
  openHttp,
  publishStats,
  Service,
  watchCertificates,
} from '@weir/service'
import { topics } from '@weir/solutions'
import { config as read } from './config.ts'
import { joinTakers } from './devices/devices.ts'
import { directTopics } from './devices/direct-topics.ts'
import { openRetained } from './devices/retained/retained.ts'
import { openSessions } from './devices/sessions/sessions.ts'
import { openFirehose } from './doors/firehose/open.ts'
import { httpDoor } from './doors/http/door.ts'
import { openKinesis } from './doors/kinesis/open.ts'
import { openMqtt } from './doors/mqtt/door.ts'
import { openWebSockets } from './doors/mqtt/websocket.ts'
import { openMqttBridge } from './doors/mqtt-bridge/bridge.ts'
import { stsApi } from './doors/sts.ts'
import { topicsOfDoor } from './doors/topics.ts'
import { openCollector } from './intake/collector.ts'
import { openIntake } from './intake/intake.ts'
import { iotDataApi } from './rules/api/data-api.ts'
import { openRules } from './rules/open.ts'

const config = configured((env) => readConfig(env, read))
watchCertificates({ 'kafka-client': () => config.kafka.tls?.cert, 'kafka-ca': () => config.kafka.tls?.ca })

await Service.named('ingest-hub')
  .with('collector', openCollector)
  .with('access', (_, { log }) => openAccess(config.access, log))
  .with('kafka', (_, { log }) => openKafka(config.kafka, log))
  .with('codec', (_, { log }) => openCodec({ topics, url: config.registryUrl }, log))
  .with('intake', ({ kafka, codec }) =>
    openIntake({
      kafka,
      codec,
      topics: [...new Set([...topicsOfDoor('http'), ...topicsOfDoor('mqtt')])],
      memoryBytes: config.memoryBytes,
    }),
  )
  .with('stats', async ({ intake, codec }, { log }) =>
    publishStats({ log, producer: intake.producer, writer: await codec.writer('weir.stats') }),
  )
  .with('awsAccess', (_, { log }) => openAwsAccess(config.awsAccess, log))
  .with('kinesis', ({ awsAccess, codec, kafka, intake }, { log }) =>
    openKinesis(config.kinesis, {
      access: awsAccess,
      account: config.account,
      codec,
      kafka,
      intake,
      instance,
      log,
    }),
  )
  .with('firehose', ({ codec, kafka, intake, kinesis }, { log }) =>
    openFirehose({
      account: config.account,
      codec,
      intake,
      kafka,
      streams: kinesis.streams,
      replicas: config.kinesis.replicas,
      log,
    }),
  )
  .with('egress', () => openEgress(config.egress))
  .with('rules', ({ codec, egress, intake, kafka, kinesis }, { log }) =>
    openRules({
      account: config.account,
      codec,
      egress,
      intake,
      kafka,
      kinesis,
      publicUrl: config.publicUrl,
      enricherUrl: config.enricherUrl,
      alerterUrl: config.alerterUrl,
      credentials: config.credentials,
      log,
    }),
  )
  .with('sessions', ({ kafka, codec }, { log }) => openSessions({ kafka, codec, log }))
  .with('retained', ({ kafka, codec }, { log }) => openRetained(config.mqtt.retained, { kafka, codec, log }))
  .with('devices', ({ intake, retained, rules, sessions }) => {
    const takers = [directTopics(intake), sessions.taker, rules.run]
    const devices = joinTakers(retained === undefined ? takers : [...takers, retained.taker])
    rules.publishTo(devices)
    return { value: devices, stop() {} }
  })
  .with('mqtt', ({ access, devices, intake, retained, sessions }, { log }) =>
    openMqtt(config.mqtt, { access, admission: intake.admission, devices, log, retained, sessions }),
  )
  .with('mqttBridge', ({ devices, intake, kafka }, { log }) =>
    openMqttBridge(config.mqttBrokers, { admission: intake.admission, devices, kafka, log }),
  )
  .with(
    'http',
    (
      { access, awsAccess, collector, devices, firehose, kafka, kinesis, intake, retained, rules, sessions },
      { log },
    ) =>
      openHttp(config.http, {
        log,
        names: hostNames('ingest-hub'),
        admission: intake.admission,
        ready: {
          kafka: kafka.connected,
          streams: kinesis.ready,
          'delivery streams': firehose.ready,
          devices: () => sessions.ready() && (retained?.ready() ?? true),
          rules: rules.ready,
        },
        routes: async (app) => {
          await app.register(httpDoor({ intake, access, collector, connected: kafka.connected }))
          await app.register(
            awsDoor({ access: awsAccess, account: config.account, afterBody: () => collector.look() }, [
              kinesis.api,
              firehose.api,
              rules.api,
              iotDataApi(config.account, devices, retained !== undefined),
              stsApi(config.account),
            ]),
          )
        },
      }),
  )
  .with('websockets', ({ http, mqtt }) => openWebSockets(http, mqtt, hostNames('ingest-hub')))
  .start()
