/**
 * A copy of a table in Redis. Several replicas may write it at the same time: each entry has the offset of
 * the change that wrote it, and an older change never replaces a newer one.
 */
import type { ChainableCommander, Redis } from 'ioredis'

/** A field of a hash in Redis. */
type Field = readonly [hash: string, field: string]

/** The names that the parts of an entry have in Redis. All of a key's are in one slot of a cluster. */
export interface Layout {
  value(key: string): Field
  offset(key: string): Field
  /** The sorted set for GEOSEARCH that has the entries with `lat` and `lon`, under the fields of their values. */
  readonly places?: string
}

export interface Change {
  readonly key: string
  /** The record's offset. A key stays in its partition, so its offsets tell which change is newer. */
  readonly offset: number
  /** null removes the key. */
  readonly json: string | null
}

/** A key that is removed keeps its offset. */
const APPLY = `
local known = redis.call('HGET', KEYS[2], ARGV[2])
if known and tonumber(known) >= tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
if ARGV[4] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[4]) end
if KEYS[3] then
  if ARGV[5] == '' then redis.call('ZREM', KEYS[3], ARGV[1]) else redis.call('GEOADD', KEYS[3], ARGV[5], ARGV[6], ARGV[1]) end
end
return 1`

export class RedisCopy {
  readonly #redis: Redis
  readonly #layout: Layout

  constructor(redis: Redis, layout: Layout) {
    this.#redis = redis
    this.#layout = layout
  }

  async get(key: string): Promise<unknown> {
    const json = await this.#redis.hget(...this.#layout.value(key))
    return json === null ? undefined : JSON.parse(json)
  }

  /** Adds the command that applies the change, unless the copy has it or a later one. */
  apply(commands: ChainableCommander, { key, offset, json }: Change): void {
    const { places } = this.#layout
    const [values, valueField] = this.#layout.value(key)
    const [offsets, offsetField] = this.#layout.offset(key)
    const fields = [valueField, offsetField, offset, json ?? '']
    if (places === undefined) commands.eval(APPLY, 2, values, offsets, ...fields)
    else commands.eval(APPLY, 3, values, offsets, places, ...fields, ...(placeOf(json) ?? ['', '']))
  }

  /** Adds the commands that set the entry, whatever the copy has. */
  set(commands: ChainableCommander, { key, offset, json }: Change & { readonly json: string }): void {
    const { places } = this.#layout
    const [values, field] = this.#layout.value(key)
    commands.hset(values, field, json).hset(...this.#layout.offset(key), offset)
    const place = placeOf(json)
    if (places !== undefined && place !== undefined) commands.geoadd(places, ...place, field)
  }
}

/** Longitude and latitude of an entry, if it has them and Redis can index them. */
function placeOf(json: string | null): [lon: number, lat: number] | undefined {
  const { lat, lon } = json === null ? {} : (JSON.parse(json) as { lat?: unknown; lon?: unknown })
  const fits =
    typeof lat === 'number' && typeof lon === 'number' && Math.abs(lat) <= 85 && Math.abs(lon) <= 180
  return fits ? [lon, lat] : undefined
}
