import { describe, expect, test, vi } from 'vitest'

/** The page's modules are plain JavaScript, so they have no types here. */
const load = (path: string): Promise<any> => import(new URL(`page/${path}`, import.meta.url).href)
const { countsOf, fleetOf, inOrder, inTime, truckToShow } = await load('fleet.js')
const { lineOf, merged, outsideSince, rangeOf } = await load('readings.js')
const { progressOf } = await load('progress.js')
const { bandText, celsius } = await load('texts.js')

const NOW = 1_790_000_000_000
const classes = { fuel: { name: 'Fuel', containerLow: -20, containerHigh: 38, engineHigh: 108 } }
const truck = (id: string, more: object = {}) => ({
  id,
  cargoClass: 'fuel',
  engine: 88,
  container: 9,
  at: NOW - 1000,
  fault: null,
  ...more,
})
const finding = (device: string, more: object = {}) => ({
  device,
  status: 'open',
  sensor: 'container',
  detector: 'thresholds',
  since: NOW - 20_000,
  until: null,
  ...more,
})
const fleet = (trucks: object[], findings: object[] = []): any[] =>
  fleetOf({ classes, trucks, findings }, NOW)

describe('the state of a truck', () => {
  test.each([
    ['expected', {}, []],
    ['expected', { container: 38, engine: 108 }, []],
    ['outside', { container: 38.1 }, []],
    ['outside', { container: -20.1 }, []],
    ['outside', { engine: 108.1 }, []],
    ['expected', { container: null, engine: null }, []],
    ['expected', { container: 500, cargoClass: 'unheard' }, []],
    ['expected', { container: 500, cargoClass: 'constructor' }, []],
    ['expected', { at: NOW - 30_000 }, []],
    ['silent', { at: NOW - 30_001, container: 50 }, []],
    ['silent', {}, [finding('a', { detector: 'missing-data' })]],
    ['finding', {}, [finding('a')]],
    ['finding', { at: NOW - 60_000 }, [finding('a', { detector: 'missing-data' }), finding('a')]],
    ['expected', {}, [finding('a', { status: 'resolved', until: NOW })]],
    ['expected', {}, [finding('b')]],
  ])('is %s for %j with the findings %j', (state, more, findings) => {
    expect(fleet([truck('a', more)], findings)[0].state.key).toBe(state)
  })

  test('comes first in the order of the list, then the name with its number', () => {
    const trucks = [
      truck('truck-10'),
      truck('truck-9'),
      truck('truck-3', { at: 0 }),
      truck('truck-2', { engine: 120 }),
      truck('truck-4'),
    ]
    const ordered = inOrder(fleet(trucks, [finding('truck-4')]))
    expect(ordered.map(({ id }: any) => id)).toEqual(['truck-4', 'truck-2', 'truck-3', 'truck-9', 'truck-10'])
    expect(countsOf(ordered)).toEqual({ finding: 1, outside: 1, silent: 1, expected: 2 })
    expect(truckToShow(ordered, null).id).toBe('truck-4')
    expect(truckToShow(ordered, 'truck-10').id).toBe('truck-10')
    expect(truckToShow(ordered, 'truck-11')).toBeUndefined()
    expect(truckToShow([], null)).toBeUndefined()
  })
})

describe('the readings', () => {
  const reading = (secondsAgo: number, container: number | null) => [
    NOW - secondsAgo * 1000,
    88,
    container,
    15,
  ]

  test('are kept for five minutes, once each, in order', () => {
    const kept = merged(
      [reading(301, 1), reading(299, 2), reading(1, 4)],
      [reading(2, 3), reading(1, 4)],
      NOW,
    )
    expect(kept.map(([, , container]: any) => container)).toEqual([2, 3, 4])
    expect(merged([], [reading(0, null)], NOW)).toEqual([reading(0, null)])
  })

  test('have a gap where the truck was silent', () => {
    const line = lineOf([reading(20, 1), reading(19, null), reading(3, 2)], 'container')
    expect(line.map(([, value]: any) => value)).toEqual([1, null, null, 2])
    expect(line[2][0]).toBeGreaterThan(line[1][0])
  })

  test('tell the range, and since when the newest are outside of the band', () => {
    const readings = [reading(4, 40), reading(3, 9), reading(2, 39), reading(1, 41)]
    const isOutside = (value: number) => value > 38
    expect(outsideSince(readings, 'container', isOutside)).toBe(NOW - 2000)
    expect(outsideSince(readings.slice(0, 2), 'container', isOutside)).toBeNull()
    expect(outsideSince([], 'container', isOutside)).toBeNull()
    expect(rangeOf(readings, 'container')).toEqual({ lowest: 9, highest: 41, newest: 41 })
    expect(rangeOf([reading(1, null)], 'container')).toBeNull()
  })
})

test('findings and deliveries are in the order of time', () => {
  const data = {
    findings: [{ since: 1 }, { since: 3 }, { since: 2 }],
    deliveries: [{ at: 1 }, { at: 2 }],
    more: 0,
  }
  expect(inTime(data)).toEqual({
    findings: [{ since: 3 }, { since: 2 }, { since: 1 }],
    deliveries: [{ at: 2 }, { at: 1 }],
    more: 0,
  })
})

describe('the progress of a deviation', () => {
  const opened = {
    key: 'a/container/thresholds',
    topic: 'fleet-team',
    messageId: 'first',
    openedAt: NOW - 9000,
    changedAt: NOW - 9000,
  }
  const sent = (at: number, more: object = {}) => ({ at, messageId: 'first', outcome: 'delivered', ...more })
  const data = (more: object = {}) => ({ findings: [], incidents: [], deliveries: [], ...more })
  const done = (...of: unknown[]): unknown[] =>
    progressOf(...of).map(({ isDone, at }: any) => (isDone ? at : false))

  test('is nothing while nothing happens, and all is to come when a fault begins', () => {
    expect(done(truck('a'), data(), null, NOW)).toEqual([])
    expect(done(truck('a', { fault: 'fire' }), data(), null, NOW)).toEqual(Array(5).fill(false))
    expect(done(truck('a'), data(), NOW - 3000, NOW)).toEqual([NOW - 3000, false, false, false, false])
  })

  test('tells when the finding is due', () => {
    const dueAt = (fault: string | null) =>
      progressOf(truck('a', { fault }), data(), NOW - 4000, NOW)[1].dueAt - NOW
    expect([dueAt('fire'), dueAt(null), dueAt('silence')]).toEqual([6000, 6000, 26_000])
  })

  test('goes from the finding to the first message of its incident', () => {
    const deliveries = [
      sent(NOW - 8000),
      sent(NOW - 8500),
      sent(NOW - 8900, { outcome: 'failed' }),
      sent(NOW - 8900, { messageId: 'of another incident' }),
    ]
    const drivers = { ...opened, topic: 'fleet-drivers' }
    const incidents = [{ ...opened, key: 'b/container/thresholds' }, drivers, opened]
    const now = data({ findings: [finding('a')], incidents, deliveries })
    expect(done(truck('a', { fault: 'fire' }), now, NOW - 19_000, NOW)).toEqual([
      NOW - 20_000,
      null,
      NOW - 9000,
      NOW - 8500,
      false,
    ])
  })

  test('ends with the resolution, until it is old or another fault begins', () => {
    const resolved = finding('a', { status: 'resolved', until: NOW - 1000 })
    const now = data({ findings: [resolved], incidents: [opened] })
    expect(done(truck('a'), now, null, NOW)).toEqual([NOW - 20_000, null, NOW - 9000, false, NOW - 1000])
    expect(done(truck('a'), now, null, NOW + 600_000)).toEqual([])
    expect(done(truck('a', { fault: 'fire' }), now, null, NOW)).toEqual(Array(5).fill(false))
  })
})

test('temperatures and bands are told as people write them', () => {
  expect([celsius(-12.34), celsius(0), celsius(null)]).toEqual(['−12.3 °C', '0.0 °C', '–'])
  expect(bandText({ low: -60, high: -35 })).toBe('normal from −60 to −35 °C')
  expect(bandText({ low: null, high: 108 })).toBe('normal up to 108 °C')
  expect(bandText({ low: null, high: null })).toBe('no normal band is known for this cargo')
})

test('the map is drawn again only if a truck has moved a pixel, or looks different', async () => {
  const { Marks } = await load('map/marks.js')
  const camera = {
    width: 800,
    height: 600,
    screenX: (x: number) => x * SCALE,
    screenY: (y: number) => y * SCALE,
  }
  const context: any = new Proxy({ measureText: () => ({ width: 50 }) } as any, {
    get: (target, name) => target[name] ?? (() => {}),
    set: () => true,
  })
  const at = (lon: number, more: object = {}) => fleet([truck('a', { lat: 0, lon, ...more })])
  const marks = new Marks()
  const isMoved = (trucks: unknown[], chosen?: string): boolean => {
    marks.update(trucks, chosen)
    return marks.isMoved(camera)
  }
  const names = vi.fn()
  expect(isMoved(at(0))).toBe(true)
  marks.draw(context, camera, {}, names)
  expect(names).toHaveBeenCalledOnce()
  expect(isMoved(at(0))).toBe(false)
  expect(isMoved(at(0.4 * DEGREES_PER_PIXEL))).toBe(false)
  expect(isMoved(at(1.1 * DEGREES_PER_PIXEL))).toBe(true)
  expect(isMoved(at(0, { engine: 120 }))).toBe(true)
  expect(isMoved(at(0), 'a')).toBe(true)
  expect(isMoved([])).toBe(true)
})
const SCALE = 2 ** 17
const DEGREES_PER_PIXEL = 360 / SCALE
