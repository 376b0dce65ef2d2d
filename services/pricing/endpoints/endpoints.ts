/** All endpoints: each replica serves what the log says. */
import type { Codec } from '@weir/codec'
import type { Kafka } from '@weir/kafka'
import type { Logger, Resource } from '@weir/service'
import type { Endpoint } from '../models/endpoint.ts'
import { type Definitions, openDefinitions } from './definitions.ts'
import { Loader } from './loader.ts'
import { openVersionFiles } from './version-files.ts'
import { Versions } from './versions.ts'

export interface Endpoints {
  readonly definitions: Definitions
  readonly versions: Versions
  /** Returns the endpoint, which may not serve anything yet; undefined if there is none of this name. */
  get(name: string): Endpoint | undefined
  /** Returns why this replica does not serve what the log says; undefined if it does. */
  problemOf(name: string): string | undefined
  /** Resolves when this replica serves what was decided before the call, or knows why it cannot. */
  settle(name: string): Promise<void>
  /** Whether all endpoints are known. Tables do not depend on whether their models can be loaded. */
  ready(): boolean
}

export interface EndpointsOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  /** Where the versions' files are: a folder, a file:// URL or s3://BUCKET/PREFIX. */
  readonly place: string
  /** The region of the bucket. */
  readonly region: string
  readonly log: Logger
}

export async function openEndpoints(options: EndpointsOptions): Promise<Resource<Endpoints>> {
  const { kafka, codec, place, region, log } = options
  const versions = new Versions({ files: openVersionFiles(place, region), log })
  const loaders = new Map<string, Loader>()
  const { value: definitions, stop } = await openDefinitions({
    kafka,
    codec,
    log,
    changed(name, state) {
      let loader = loaders.get(name)
      if (state === undefined) {
        loaders.delete(name)
        return void loader?.stop()
      }
      if (loader === undefined) loaders.set(name, (loader = new Loader(name, { versions, log })))
      loader.serve(state)
    },
  })
  await Promise.all([...loaders.values()].map((loader) => loader.settled()))
  return {
    value: {
      definitions,
      versions,
      get: (name) => (definitions.byName.has(name) ? loaders.get(name)?.endpoint : undefined),
      problemOf: (name) => loaders.get(name)?.problem,
      async settle(name) {
        await definitions.catchUp()
        await loaders.get(name)?.settled()
      },
      ready: () => definitions.ready(),
    },
    stop: async (drainMs) => {
      await Promise.all([...loaders.values()].map((loader) => loader.stop()))
      await stop(drainMs)
    },
  }
}
