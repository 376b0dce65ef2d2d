/** Copies in Redis: which change of a key is kept, and when a copy counts as whole. */
import { servers, uniqueName } from '@weir/testkit'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runAll } from './redis.ts'
import { type Change, type Layout, RedisCopy } from './redis-copy.ts'
import { Upkeep } from './upkeep.ts'
import { WholeMark } from './whole-mark.ts'

let redis: Redis
beforeAll(async () => {
  redis = new Redis((await servers.redis()).url)
})
afterAll(() => redis.disconnect())

function copyWith(layout: Layout) {
  const copy = new RedisCopy(redis, layout)
  const apply = async (...changes: Change[]): Promise<void> => {
    const commands = redis.pipeline()
    for (const change of changes) copy.apply(commands, change)
    await runAll(commands)
  }
  return { copy, apply }
}

const name = uniqueName('copy')
const LAYOUTS: Record<string, Layout> = {
  'a hash for all keys': {
    value: (key) => [`{${name}}:entries`, key],
    offset: (key) => [`{${name}}:offsets`, key],
    places: `{${name}}:places`,
  },
  'a hash for each key': {
    value: (key) => [`${name}/${key}`, 'json'],
    offset: (key) => [`${name}/${key}`, 'offset'],
  },
}

test.each(Object.entries(LAYOUTS))(
  '%s keeps the newest change of a key, in whatever order changes arrive',
  async (_, layout) => {
    const { copy, apply } = copyWith(layout)
    await apply({ key: 'a', offset: 5, json: '5' }, { key: 'b', offset: 6, json: '6' })
    await apply({ key: 'a', offset: 4, json: '4' }, { key: 'b', offset: 6, json: '"the same offset"' })
    expect([await copy.get('a'), await copy.get('b')]).toEqual([5, 6])
    await apply({ key: 'a', offset: 8, json: null }, { key: 'a', offset: 7, json: '7' })
    expect(await copy.get('a')).toBeUndefined()
    await apply({ key: 'a', offset: 9, json: '{"nine":9}' })
    expect(await copy.get('a')).toEqual({ nine: 9 })
  },
)

test('an entry with a valid place is in the index of places, and leaves it with its place', async () => {
  const { apply } = copyWith(LAYOUTS['a hash for all keys'])
  const places = `{${name}}:places`
  const at = (lat: unknown, lon: unknown): string => JSON.stringify({ lat, lon })
  await apply(
    { key: 'here', offset: 10, json: at(52.5, 13.4) },
    { key: 'pole', offset: 10, json: at(86, 0) },
    { key: 'text', offset: 10, json: at('52.5', '13.4') },
    { key: 'moved', offset: 10, json: at(1, 1) },
    { key: 'gone', offset: 10, json: at(1, 1) },
  )
  await apply({ key: 'moved', offset: 11, json: at(86, 0) }, { key: 'gone', offset: 11, json: null })
  expect(await redis.zrange(places, '0', '-1')).toEqual(['here'])
})

test('a mark is not set if Redis loses its data while the copy is filled', async () => {
  const mark = new WholeMark(redis, `${name}:whole`)
  const lose = async (): Promise<void> => {
    for (const key of await redis.keys(`{${name}:whole}:filling:*`)) await redis.del(key)
  }
  await expect(mark.after(lose)).rejects.toThrow('Redis lost its data')
  expect(await mark.set()).toBe(false)
  await mark.after(async () => {})
  expect(await mark.set()).toBe(true)
})

test('upkeep fills a copy without a mark until it succeeds, and then flushes changes when it is woken', async () => {
  const mark = new WholeMark(redis, `${name}:upkeep`)
  const told: string[] = []
  let [fills, flushes] = [0, 0]
  const upkeep = new Upkeep({
    look: async () => ({ mark, stale: false }),
    fill: async () => {
      if (++fills < 3) throw new Error('not yet')
    },
    flush: async () => void flushes++,
    everyMs: 50,
    log: { warn: (_, message) => told.push(message) },
    trouble: 'it cannot be filled',
  })
  upkeep.start()
  expect(upkeep.whole).toBe(false)
  await expect.poll(() => upkeep.whole).toBe(true)
  expect({ fills, told }).toEqual({ fills: 3, told: ['it cannot be filled'] })
  await redis.del(`${name}:upkeep`)
  await expect.poll(() => fills).toBe(4)
  const before = flushes
  upkeep.wake()
  await expect.poll(() => flushes, { interval: 1 }).toBeGreaterThan(before)
  await upkeep.stop()
})
