/** Objects in a real store. */
import { faultyProxy } from '@weir/sinks/conformance/faulty-proxy.ts'
import { vi } from 'vitest'
import { bucketOf, linesOf } from '../testing/deliveries.ts'
import { placeSuite } from './testing/suite.ts'

placeSuite('S3', async (world) => {
  const proxy = await faultyProxy(world.store.url, { isWrite: () => true })
  vi.stubEnv('AWS_ENDPOINT_URL_S3', proxy.url)
  return {
    proxy,
    givesUp: false,
    create: (changes, options) => world.create(changes, options),
    records: async (stream) => linesOf(await world.objects(bucketOf(stream))),
    stop: () => proxy.close(),
  }
})
