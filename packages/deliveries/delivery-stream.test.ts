import { expect, test } from 'vitest'
import { checks, ofStoredForm, storedForm } from './delivery-stream.ts'
import { NO_PROCESSING } from './processing.ts'
import { deliveryStream, httpEndpoint } from './testing/delivery-stream.ts'

/** As it is in the log, and read again. */
const reread = (state: unknown): object => JSON.parse(JSON.stringify(state))

test('entries of versions without endpoints are read', () => {
  const { endpoint: _, ...old } = deliveryStream('lake')
  checks.stream(old, 'lake')
  expect(ofStoredForm(old)).toEqual({ ...old, endpoint: null })
})

test('a delivery stream to S3 is stored as before', () => {
  const { endpoint: _, ...old } = deliveryStream('lake')
  expect(storedForm({ ...old, endpoint: null })).toEqual(old)
})

test('one with an endpoint is read again, and has no destination that older versions would deliver to', () => {
  const stream = deliveryStream('calls', {}, httpEndpoint('https://example.com/'))
  const stored = reread(storedForm(stream))
  expect(stored).not.toHaveProperty('destination')
  checks.stream(stored, 'calls')
  expect(ofStoredForm(stored)).toEqual(stream)
})

test('so is one whose records are processed, or come from a stream', () => {
  const processed = deliveryStream('lake', { processing: NO_PROCESSING })
  const source = { type: 'KinesisStreamAsSource', topic: 'stream.clicks' } as const
  for (const stream of [processed, { ...deliveryStream('lake'), ...source }]) {
    const stored = reread(storedForm(stream))
    expect(stored).not.toHaveProperty('destination')
    checks.stream(stored, 'lake')
    expect(ofStoredForm(stored)).toEqual(stream)
  }
})

test('fields that a later version added stay in the entry', () => {
  const stored = { ...reread(storedForm(deliveryStream('lake'))), later: 1 }
  checks.stream(stored, 'lake')
  expect(storedForm(ofStoredForm(stored))).toEqual(stored)
})

test.each([
  [{ kind: 'pigeon' }, 'endpoint.kind must be "http"'],
  [null, 'endpoint must be an object'],
  [{ kind: 'http', url: 'http://example.com/' }, 'endpoint.url must be a URL with https'],
])('%j is refused', (changes, message) => {
  const stream = deliveryStream('calls', {}, httpEndpoint('https://example.com/'))
  const endpoint = changes && { ...stream.endpoint, ...changes }
  expect(() => checks.stream({ ...storedForm(stream), endpoint }, 'calls')).toThrow(message)
})
