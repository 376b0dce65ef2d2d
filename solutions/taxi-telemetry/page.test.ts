import { describe, expect, test, vi } from 'vitest'

/** The page's modules are plain JavaScript, so they have no types here. */
const load = (path: string): Promise<any> => import(new URL(`page/${path}`, import.meta.url).href)
const { areasOf, areaToFollow } = await load('map/areas.js')
const { toLat, toLon } = await load('../../../packages/pages/web/map/mercator.js')
const { zonesOf } = await load('map/zones.js')
const { byState, byZone, taxisOf } = await load('fleet.js')

const taxi = (id: string, lat: number, lon: number) => ({ id, lat, lon })
const newYork = [taxi('a', 40.75, -73.98), taxi('b', 40.6, -73.9), taxi('c', 40.8, -74.05)]
const athens = [taxi('x', 37.98, 23.73)]

describe('areas', () => {
  test('group taxis that are near each other, the fullest first', () => {
    const areas = areasOf([...athens, ...newYork])
    expect(areas.map((area: any) => area.taxis.map(({ id }: any) => id).toSorted())).toEqual([
      ['a', 'b', 'c'],
      ['x'],
    ])
  })

  test('keep their keys while their taxis change', () => {
    const before = areasOf(newYork)
    const after = areasOf([taxi('0-new', 40.7, -73.99), ...newYork.slice(1)], before)
    expect(after[0].key).toBe(before[0].key)
  })

  test('are followed by the page: the fullest, then a new one once it has settled, until it is gone', () => {
    const seen: string[] = []
    let areas: any[] = []
    let followed: string | undefined
    for (const taxis of [
      newYork,
      [...newYork, ...athens],
      [...newYork, ...athens],
      [...newYork, ...athens],
      [...newYork, ...athens],
      newYork,
    ]) {
      areas = areasOf(taxis, areas)
      followed = areaToFollow(areas, followed)
      seen.push(followed!)
    }
    expect(seen).toEqual(['a', 'a', 'a', 'x', 'x', 'a'])
    expect(areaToFollow([], 'a')).toBeUndefined()
  })

  test('do not move for one wrong position', () => {
    let areas = areasOf(newYork)
    const followed = areaToFollow(areas, undefined)
    areas = areasOf([...newYork, taxi('lost', 0, 0)], areas)
    expect(areaToFollow(areas, followed)).toBe(followed)
  })
})

test('a zone has a middle within it, and entries of another shape are omitted', () => {
  const [zone, ...others] = zonesOf({
    a: {
      name: 'A',
      polygon: [
        [0, 0],
        [2, 0],
        [2, 2],
        [0, 2],
      ],
    },
    b: { name: 'B' },
    c: null,
    d: {
      polygon: [
        [0, 0],
        [1, 1],
        [2, 0],
      ],
    },
  })
  expect(others).toEqual([])
  expect([toLon(zone.middle[0]), toLat(zone.middle[1])]).toEqual([expect.closeTo(1, 6), expect.closeTo(1, 2)])
})

describe('the fleet', () => {
  const fleet = taxisOf({
    taxis: {
      id: ['1', '2', '3'],
      lon: [1, 2, 3],
      lat: [1, 2, 3],
      state: ['OCCUPIED', 'IDLE', 'SOMETHING'],
      speed: [30, 0, 12],
      heading: [90, null, 10],
      zone: [0, 0, 1],
    },
    zones: [
      { id: 'soho', name: 'SoHo' },
      { id: '88abc', name: null },
    ],
  })

  test('is made from columns, with unknown states shown as unknown', () => {
    expect(fleet[0]).toMatchObject({ id: '1', lon: 1, state: { key: 'occupied' }, zone: { name: 'SoHo' } })
    expect(byState(fleet).map(({ key, taxis }: any) => [key, taxis])).toEqual([
      ['occupied', 1],
      ['moving', 0],
      ['idle', 1],
      ['unknown', 1],
    ])
    expect(byState([]).map(({ key }: any) => key)).toEqual(['occupied', 'moving', 'idle'])
  })

  test('is counted by zone, the fullest first', () => {
    expect(byZone(fleet)).toEqual([
      { id: 'soho', name: 'SoHo', taxis: 2, occupied: 1, speed: 15 },
      { id: '88abc', name: null, taxis: 1, occupied: 0, speed: 12 },
    ])
  })
})

describe('a map draws the next frame when it looks different', () => {
  vi.stubGlobal('Path2D', class {})
  const report = (lon: number) => [{ ...taxi('a', 0, lon), state: { key: 'moving' }, heading: null }]
  /** The glide of a taxi by `pixels` to the east, which began at 0 ms. */
  const glide = async (pixels: number) => {
    const { Traffic } = await load('map/traffic.js')
    const traffic = new Traffic()
    const degree = 360 / SCALE
    traffic.update(report(0), 0)
    traffic.update(report(pixels * degree), 0)
    return traffic
  }
  const SCALE = 2 ** 22

  test.each([
    ['a slow taxi moves a quarter of a pixel at a time', 5, 0, 50],
    ['a fast taxi moves in every frame', 100, 0, 2.5],
    ['a taxi that moves less is drawn once, at its end', 0.1, 200, 800],
    ['nothing is drawn after the end', 5, 1000, Infinity],
    ['nothing is drawn for a taxi that stands', 0, 0, Infinity],
  ])('%s', async (_, pixels, now, ms) => {
    expect((await glide(pixels)).untilMovedMs({ scale: SCALE }, now)).toBeCloseTo(ms, 6)
  })
})
