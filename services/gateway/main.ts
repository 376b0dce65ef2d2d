import { openAwsAccess } from '@weir/aws'
import { readConfig } from '@weir/config'
import { Admission, configured, openHttp, Service } from '@weir/service'
import { config as read } from './config.ts'
import { gatewayDoor } from './door.ts'
import { routesTo } from './routes.ts'
import { openUpstream } from './upstream.ts'

const config = configured((env) => readConfig(env, read))

await Service.named('gateway')
  .with('awsAccess', (_, { log }) => openAwsAccess(config.awsAccess, log))
  .with('upstreams', (_, { log }) => {
    const opened = config.upstreams.map((upstream) => ({ ...upstream, ...openUpstream(upstream, log) }))
    return {
      value: opened,
      stop: async (drainMs) => void (await Promise.all(opened.map(({ stop }) => stop(drainMs)))),
    }
  })
  .with('http', ({ awsAccess, upstreams }, { log, name }) =>
    openHttp(config.http, {
      log,
      names: [name],
      admission: new Admission(config.memoryBytes),
      // A service that is down takes its own APIs away, and not those of the others.
      ready: {},
      routes: async (app) => {
        await app.register(
          gatewayDoor({
            access: awsAccess,
            routes: routesTo(upstreams.map(({ apis, value }) => ({ apis, upstream: value }))),
          }),
        )
      },
    }),
  )
  .start()
