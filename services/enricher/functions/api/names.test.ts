import { expect, test } from 'vitest'
import { namedFunction, wholeFunction } from './names.ts'
import { markedPage } from './paging.ts'

const ACCOUNT = { region: 'eu-west-1', accountId: '123456789012' }
const ARN = 'arn:aws:lambda:eu-west-1:123456789012:function'

test.each<[string, string | undefined, string, boolean]>([
  ['offers', undefined, `${ARN}:offers`, true],
  ['offers:$LATEST', undefined, `${ARN}:offers:$LATEST`, true],
  ['offers', '$LATEST', `${ARN}:offers:$LATEST`, true],
  ['offers', '3', `${ARN}:offers:3`, true],
  ['123456789012:function:offers', undefined, `${ARN}:offers`, true],
  ['function:offers', undefined, `${ARN}:offers`, true],
  [`${ARN}:offers`, undefined, `${ARN}:offers`, true],
  [`${ARN}:offers:live`, undefined, `${ARN}:offers:live`, true],
  [
    'arn:aws:lambda:eu-west-1:000000000000:function:offers',
    undefined,
    'arn:aws:lambda:eu-west-1:000000000000:function:offers',
    false,
  ],
])('%s with the qualifier %s names %s', (given, qualifier, qualifiedArn, here) => {
  expect(namedFunction(given, ACCOUNT, qualifier)).toMatchObject({ name: 'offers', qualifiedArn, here })
})

test('a wrong name of a function or stream is refused', () => {
  expect(() => namedFunction('a b', ACCOUNT)).toThrow('is neither the name nor the ARN')
  expect(() => namedFunction('offers:1', ACCOUNT, '2')).toThrow('does not match the specified qualifier')
  expect(() => namedFunction('arn:aws:lambda:us-east-1:123456789012:function:offers', ACCOUNT)).toThrow(
    "not reachable in this region ('eu-west-1')",
  )
  expect(() => wholeFunction('offers:3', ACCOUNT)).toThrow(
    'This operation is permitted on Lambda functions only.',
  )
})

test('a page begins after the last item of the one before, even if that item is gone', () => {
  const first = markedPage(['a', 'b', 'c'], (name) => name, { MaxItems: 2 }, 10)
  expect(first.items).toEqual(['a', 'b'])
  expect(markedPage(['a', 'c'], (name) => name, { Marker: first.NextMarker }, 10)).toEqual({
    items: ['c'],
    NextMarker: undefined,
  })
  expect(markedPage(['a', 'b'], (name) => name, { MaxItems: 50 }, 1).items).toEqual(['a'])
  expect(markedPage([], String, {}, 1)).toEqual({ items: [], NextMarker: undefined })
  for (const Marker of ['%', 'bnVsbA'])
    expect(() => markedPage(['a'], (name) => name, { Marker }, 1)).toThrow('Marker')
})
