import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { longBlobDecoder } from './long-blobs.ts'
import type { Model } from './model.ts'

const model: Model = {
  service: 's',
  apiVersion: '1',
  protocol: 'json',
  operations: {},
  errors: {},
  shapes: {
    Input: { type: 'structure', members: { Name: 'Text', Code: 'Code', Zip: 'Blob' } },
    Code: { type: 'structure', members: { Zip: 'Blob', Text: 'Text', Code: 'Code' } },
    Text: { type: 'string' },
    Blob: { type: 'blob' },
  },
}
const decode = longBlobDecoder(model, 'Input')
const text = (value: object): Buffer => Buffer.from(JSON.stringify(value))

test.each([49_152, 49_153, 49_154, ((1 << 20) / 4) * 3, 1_000_000, 2_345_678])(
  'a blob of %d bytes is decoded in place, within the body',
  (length) => {
    const [zip, other] = [randomBytes(length), randomBytes(70_000)]
    const body = text({
      Name: 'a "quoted\\" name',
      Code: { Zip: zip.toString('base64'), Text: other.toString('base64') },
      Zip: other.toString('base64'),
    })
    const memory = body.buffer
    const found = decode(body) as { Code: { Zip: Buffer; Text: string }; Zip: Buffer }
    expect(found.Code.Zip.equals(zip)).toBe(true)
    expect(found.Code.Zip.buffer).toBe(memory)
    expect(found.Zip.equals(other)).toBe(true)
    expect(found).toMatchObject({ Name: 'a "quoted\\" name', Code: { Text: other.toString('base64') } })
  },
)

test('short texts, texts with escapes and bodies that are not JSON are left to the parser', () => {
  expect(decode(text({ Zip: 'AAAA' }))).toEqual({ Zip: 'AAAA' })
  const long = 'A'.repeat(80_000)
  expect(decode(Buffer.from(`{"Zip":"\\u0041${long}"}`))).toEqual({ Zip: `A${long}` })
  expect(decode(Buffer.from(`{"Z\\u0069p":"${long}"}`))).toEqual({ Zip: long })
  expect(decode(Buffer.from(`{ "Zip" : "${long}", "Zip" : "" }`))).toEqual({ Zip: '' })
  for (const body of [
    `{"Zip":"${long}`,
    `{"Zip":"${long}"`,
    `{"Zip":"${long}""}`,
    `"Zip":"${long}"`,
    '"',
    '{"Zip":',
  ]) {
    expect(() => decode(Buffer.from(body)), body.slice(0, 20)).toThrow(
      expect.objectContaining({ code: 'SerializationException' }),
    )
  }
})

test.each([
  ['x', 'Base64 encoded length is expected a multiple of 4 bytes but found: 2000001'],
  ['AAA*', "Invalid Base64 character: '*'"],
  ['AAB=', 'Invalid last'],
  ['AA-_', "Invalid Base64 character: '-'"],
])('a long text that ends with %s is refused with a short message', (end, problem) => {
  const refused = expect.objectContaining({
    code: 'SerializationException',
    message: expect.stringContaining(problem),
  })
  expect(() => decode(text({ Zip: 'A'.repeat(2_000_000) + end }))).toThrow(refused)
  try {
    decode(text({ Zip: 'A'.repeat(2_000_000) + end }))
  } catch (error) {
    expect((error as Error).message.length).toBeLessThan(300)
  }
})

test('padding is refused anywhere but at the end', () => {
  expect(() => decode(text({ Zip: `${'A'.repeat((1 << 20) - 4)}AA==${'A'.repeat(1 << 20)}` }))).toThrow(
    'can not be converted to a Blob',
  )
})
