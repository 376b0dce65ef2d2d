import { decodeHeaders } from '@weir/kafka'
import { expect, test } from 'vitest'
import { RecordHeaders } from './record-headers.ts'

test('the header blocks of a request differ only in the id', () => {
  const headers = new RecordHeaders('replay-7', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01')
  for (const id of ['a', 'b', 'x'.repeat(63), 'x'.repeat(64), 'x'.repeat(128), '!~', 'c']) {
    const end = headers.write(id)
    expect(decodeHeaders(headers.block.subarray(0, end), 0)).toEqual({
      'weir-id': id,
      'weir-source': 'replay-7',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    })
  }
})

test('a block has the name of the key beside the source that the client chose', () => {
  const headers = new RecordHeaders(
    'somebody-else',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    'fleet',
  )
  const numbered = (number: number) => () => headers.writeNumbered('b', number)
  for (const write of [
    () => headers.write('a'),
    numbered(1),
    numbered(2),
    () => headers.write('x'.repeat(128)),
  ]) {
    const found = decodeHeaders(headers.block.subarray(0, write()), 0)
    expect(found).toMatchObject({ 'weir-source': 'somebody-else', 'weir-client': 'fleet' })
  }
})

test('a numbered id is written in full, whatever id was written before', () => {
  const headers = new RecordHeaders('replay-7', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01')
  const idUpTo = (end: number) => decodeHeaders(headers.block.subarray(0, end), 0)['weir-id']
  for (const number of [0, 1, 9, 10, 11, 99, 100, 499, 7, 123456789])
    expect(idUpTo(headers.writeNumbered('one', number))).toBe(`one-${number}`)
  expect(idUpTo(headers.writeNumbered('two', 123456780))).toBe('two-123456780')
  expect(idUpTo(headers.write('x'.repeat(13)))).toBe('x'.repeat(13))
  expect(idUpTo(headers.writeNumbered('two', 123456781))).toBe('two-123456781')
})
