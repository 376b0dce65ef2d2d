import { awsDoor, openAwsAccess } from '@weir/aws'
import { openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import { hostNames } from '@weir/contracts/services.ts'
import { openEgress } from '@weir/egress'
import { openKafka } from '@weir/kafka'
import { openPages } from '@weir/pages'
import {
  Admission,
  configured,
  openAccess,
  openHttp,
  publishStats,
  Service,
  watchCertificates,
} from '@weir/service'
import { chosenSolutions, topics } from '@weir/solutions'
import { statesOfService } from '@weir/solutions/states.ts'
import { States, stateRoutes } from '@weir/state'
import { snsApi } from './api/sns-api.ts'
import { certificateRoutes, showCertificate } from './certificates.ts'
import { config as read } from './config.ts'
import { openDeliveries } from './deliveries/deliveries.ts'
import { unavailableProtocols } from './deliveries/receivers/channels.ts'
import { isTopic } from './deliveries/receivers/kafka.ts'
import { openSigner } from './deliveries/signing.ts'
import { openDetections } from './detection/detections.ts'
import { openIncidents } from './incidents/incidents.ts'
import { linkRoutes } from './incidents/links.ts'
import { openQuietHours } from './incidents/quiet.ts'
import { incidentRoutes } from './incidents/routes.ts'
import { removeExpired } from './notifications/expired-subscriptions.ts'
import { openNotifications } from './notifications/notifications.ts'
import { openPublisher } from './notifications/publisher.ts'
import { alertsPage } from './page.ts'
import { openRecentAttempts } from './recent/recent-attempts.ts'
import { deliveryRoutes } from './recent/routes.ts'

const config = configured((env) => readConfig(env, read))
watchCertificates({ 'kafka-client': () => config.kafka.tls?.cert, 'kafka-ca': () => config.kafka.tls?.ca })

await Service.named('alerter')
  .with('kafka', (_, { log }) => openKafka(config.kafka, log))
  .with('awsAccess', (_, { log }) => openAwsAccess(config.awsAccess, log))
  .with('access', (_, { log }) => openAccess(config.access, log))
  .with('codec', (_, { log }) => openCodec({ topics, url: config.registryUrl }, log))
  .with('producer', async ({ kafka }) => {
    const producer = await kafka.producer()
    return { value: producer, stop: (drainMs) => producer.stop(drainMs) }
  })
  .with('stats', async ({ producer, codec }, { log }) =>
    publishStats({ log, producer, writer: await codec.writer('weir.stats') }),
  )
  .with('notifications', ({ kafka, codec }, { log }) => openNotifications({ kafka, codec, log }))
  .with('expiry', async ({ notifications }, { log }) => removeExpired(notifications, log))
  .with('publisher', async ({ kafka, codec, producer }) => ({
    value: await openPublisher({ kafka, codec, producer }),
    stop: async () => {},
  }))
  .with('egress', () => openEgress(config.egress))
  .with('signer', async ({ notifications }) => {
    const signer = await openSigner(new URL(config.publicUrl).hostname)
    await showCertificate(signer.certificate, notifications)
    return { value: signer, stop: async () => {} }
  })
  .with('deliveries', ({ kafka, codec, producer, notifications, egress, signer }, { log }) =>
    openDeliveries({
      kafka,
      codec,
      producer,
      notifications,
      egress,
      signer,
      account: config.account,
      publicUrl: config.publicUrl,
      enricherUrl: config.enricherUrl,
      hubUrl: config.hubUrl,
      channels: config.channels,
      credentials: config.credentials,
      log,
    }),
  )
  .with('incidents', ({ kafka, codec, producer, notifications }, { log }) =>
    openIncidents({ kafka, codec, producer, notifications, publicUrl: config.publicUrl, log }),
  )
  .with('quietHours', ({ kafka, codec, notifications }, { log }) =>
    openQuietHours({ kafka, codec, notifications, log }),
  )
  .with('detections', ({ kafka, codec }, { log }) =>
    openDetections(
      chosenSolutions(config.solutions).flatMap(({ detections = [] }) => detections),
      { kafka, codec, config: config.state, log },
    ),
  )
  .with('states', async ({ kafka, codec, producer }, { log }) => ({
    value: new States({
      kafka,
      codec,
      producer,
      topics,
      states: statesOfService(chosenSolutions(config.solutions), 'alerter'),
      log,
    }),
    stop: async () => {},
  }))
  .with('recent', async ({ kafka, codec }, { log }) => ({
    value: await openRecentAttempts({ kafka, codec, log }),
    stop: async () => {},
  }))
  .with('pages', ({ access, kafka, codec, notifications, incidents, recent }, { log }) =>
    openPages({ pages: [alertsPage({ notifications, incidents, recent })], access, kafka, codec, log }),
  )
  .with(
    'http',
    (
      {
        access,
        awsAccess,
        deliveries,
        detections,
        incidents,
        kafka,
        notifications,
        pages,
        publisher,
        quietHours,
        recent,
        states,
      },
      { log },
    ) =>
      openHttp(config.http, {
        log,
        names: hostNames('alerter'),
        admission: new Admission(config.memoryBytes),
        ready: {
          kafka: kafka.connected,
          notifications: notifications.ready,
          deliveries: deliveries.ready,
          incidents: incidents.ready,
          'quiet hours': quietHours.ready,
          ...detections.ready,
          ...pages.ready,
        },
        routes: async (app) => {
          const { account, channels } = config
          certificateRoutes(app, notifications)
          linkRoutes(app, incidents)
          incidentRoutes(app, { incidents, access })
          deliveryRoutes(app, { recent, access })
          stateRoutes(app, { states, access })
          await app.register(pages.routes)
          await app.register(
            awsDoor({ access: awsAccess, account }, [
              snsApi({
                account,
                notifications,
                publisher,
                unavailable: unavailableProtocols(channels),
                isKafkaTopic: (name) => isTopic(kafka, name),
              }),
            ]),
          )
        },
      }),
  )
  .start()
