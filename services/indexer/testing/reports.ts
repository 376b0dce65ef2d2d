/** Reports of taxis for tests of search engines, with the fields that an index has for them. */
import { servers } from '@weir/testkit'
import type { SearchEngine } from '../engines/engine.ts'
import { drivers } from '../engines/open.ts'

export const PROPERTIES = {
  device: { type: 'keyword' },
  position: { type: 'geo_point' },
  time: { type: 'date', format: 'epoch_millis' },
  speed: { type: 'float' },
}

export const report = (i: number) => ({
  device: `taxi-${i}`,
  position: { lat: 40.7 + i / 1000, lon: -73.98 },
  time: Date.UTC(2026, 10, 22) + i * 1000,
  speed: 30 + i,
})

/** Opens the driver of an engine that all tests share. */
export async function openEngine(name: SearchEngine['name']): Promise<SearchEngine> {
  const { url } = await servers.search(name)
  return drivers[name]({ urls: [url], username: undefined, password: undefined, ca: undefined })
}
