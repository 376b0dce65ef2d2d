import { describe, expect, test } from 'vitest'

/** The kit's modules are plain JavaScript, so they have no types here. */
const load = (path: string): Promise<any> => import(new URL(`web/${path}`, import.meta.url).href)
const { Camera } = await load('map/camera.js')
const { metresPerUnit, toLat, toLon, toX, toY } = await load('map/mercator.js')
const { ago, count, degrees, latency, percent, rate, seconds } = await load('numbers.js')

describe("the map's geometry", () => {
  test('converts to Mercator and back, and knows metres at a latitude', () => {
    expect([toLon(toX(-73.984)), toLat(toY(40.7549))]).toEqual([
      expect.closeTo(-73.984, 9),
      expect.closeTo(40.7549, 9),
    ])
    expect(metresPerUnit(toY(60)) / metresPerUnit(toY(0))).toBeCloseTo(0.5, 6)
  })

  test('fits the whole box, and keeps the point under the pointer when it zooms', () => {
    const camera = new Camera()
    camera.resize(800, 600)
    const box = { west: toX(-74.03), east: toX(-73.9), north: toY(40.88), south: toY(40.69) }
    camera.fit(box, false)
    expect(camera.screenY(box.north)).toBeGreaterThan(0)
    expect(camera.screenY(box.south)).toBeLessThan(600)
    expect(camera.fits(box)).toBe(true)
    const [x, y] = [camera.worldX(200), camera.worldY(150)]
    camera.zoom(3, 200, 150)
    expect([camera.screenX(x), camera.screenY(y)]).toEqual([expect.closeTo(200, 3), expect.closeTo(150, 3)])
    expect(camera.fits(box)).toBe(false)
  })

  test('ends a flight exactly at its destination', () => {
    const camera = new Camera()
    camera.resize(800, 600)
    camera.fit({ west: 0.29, east: 0.2903, north: 0.37, south: 0.3703 }, false)
    camera.fit({ west: 0.565, east: 0.5651, north: 0.386, south: 0.3861 }, true)
    const began = performance.now()
    expect(camera.step(began + 300)).toBe(true)
    camera.step(began + 10_000)
    expect([camera.x, camera.y]).toEqual([expect.closeTo(0.56505, 9), expect.closeTo(0.38605, 9)])
    expect(camera.step(began + 10_001)).toBe(false)
  })
})

test('numbers are formatted for people', () => {
  expect([count(1234), count(123_456), rate(3.21), rate(0), rate(1040.4)]).toEqual([
    '1,234',
    '123.5K',
    '3.2',
    '0',
    '1,040',
  ])
  expect([latency(null), latency(2.34), latency(410.4), latency(1234), latency(61_000)]).toEqual([
    ['–', ''],
    ['2.3', 'ms'],
    ['410', 'ms'],
    ['1.2', 's'],
    ['61', 's'],
  ])
  expect([percent(1, 3), percent(0, 0)]).toEqual(['33 %', '0 %'])
  expect([ago(5000), ago(61_000), ago(240_000)]).toEqual([
    'less than a minute ago',
    'a minute ago',
    '4 minutes ago',
  ])
  expect([seconds(900), seconds(61_000), seconds(3_720_000)]).toEqual(['1 s', '1 min 1 s', '1 h 2 min'])
  expect(degrees(-73.984, 40.7549)).toBe('40.75° N, 73.98° W')
})
