import { expect, test } from 'vitest'
import { shapeOfJson } from './json-shape.ts'

const shape = (text: string) => shapeOfJson(Buffer.from(text), 0, Buffer.byteLength(text))

test('depth and values are counted, whatever strings contain', () => {
  expect(shape('{"a":[1,2,{"b":"[[[,,,:\\"{"}]}')).toEqual({ depth: 3, values: 6, names: 2 })
  expect(shape('')).toEqual({ depth: 0, values: 1, names: 0 })
  expect(shape('[[[[')).toMatchObject({ depth: 4, values: 5 })
  expect(shape('"unclosed [[[')).toMatchObject({ depth: 0, values: 1 })
  expect(shape('{"x":1}{"x":1}')).toMatchObject({ depth: 1, names: 1 })
})

test('long strings end at their quote, whatever escapes they have', () => {
  const parts = ['x', '\\', '"', '\\"', '[', ',', 'xxxxxxx']
  const wrong: string[] = []
  for (let length = 0; length < 80; length++) {
    for (const last of parts) {
      for (const before of parts) {
        const text = `${'a'.repeat(length)}${before}${'b'.repeat(length % 5)}${last}`
        const { depth, values, names } = shape(JSON.stringify([text, { [text]: [text] }]))
        if (depth !== 3 || values !== 5 || names !== 1) wrong.push(text)
      }
    }
  }
  expect(wrong).toEqual([])
  for (let length = 0; length < 80; length++) {
    const text = 'a'.repeat(length)
    expect(shape(`"${text}[`)).toMatchObject({ depth: 0, values: 1 })
    expect(shape(`"${text}\\\\"[`)).toMatchObject({ depth: 1, values: 2 })
    expect(shape(`"${text}\\"[`)).toMatchObject({ depth: 0, values: 1 })
  }
})

test('each distinct name is counted once', () => {
  expect(
    shape(
      JSON.stringify(
        Array.from({ length: 1000 }, (_, i) => ({ deviceId: i, speed: 1, position: { lat: 1, lon: 2 } })),
      ),
    ).names,
  ).toBe(5)
  const many = Object.fromEntries(Array.from({ length: 4000 }, (_, i) => [`name-${i}`, 0]))
  const { names } = shape(JSON.stringify(many))
  expect(names).toBeLessThanOrEqual(4000)
  expect(names).toBeGreaterThan(3600)
  // No state of the previous text remains.
  expect(shape(JSON.stringify(many)).names).toBe(names)
  expect(shape('{"name-1":0}').names).toBe(1)
})

test('names that differ in a single place are distinct, wherever it is', () => {
  const pad = 'x'.repeat(200)
  const names = Array.from(
    { length: 300 },
    (_, i) => `${pad.slice(0, i % 190)}${String.fromCharCode(97 + (i % 26))}${i}${pad.slice(i % 190)}`,
  )
  expect(shape(JSON.stringify(Object.fromEntries(names.map((name) => [name, 1])))).names).toBeGreaterThan(295)
})

test('only the bytes between start and end count', () => {
  const text = Buffer.from('[[{"a" : -1.5e3, "b":"x"}]]"')
  expect(shapeOfJson(text, 2, 25)).toEqual({ depth: 1, values: 3, names: 2 })
  for (let end = 0; end <= text.length; end++) {
    expect(shapeOfJson(text, 0, end), `up to ${end}`).toEqual(
      shapeOfJson(Buffer.from(text.subarray(0, end)), 0, end),
    )
  }
})
