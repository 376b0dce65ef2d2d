import { expect, test } from 'vitest'
import { checkPolicy } from './policy.ts'

const statement = { Effect: 'Allow', Principal: '*', Action: 'kinesis:GetRecords', Resource: '*' }
const check = (changes: object) => () =>
  checkPolicy(JSON.stringify({ Version: '2012-10-17', Statement: [{ ...statement, ...changes }] }))

test.each([
  {},
  { Sid: 'a', Condition: {} },
  { Principal: { AWS: '000000000000' } },
  { Principal: { AWS: ['arn:aws:iam::000000000000:root'], Service: 'lambda.amazonaws.com' } },
  { Principal: undefined, NotPrincipal: { AWS: 'x' } },
  { Action: ['kinesis:Get*', 'kinesis:Put*'] },
  { Resource: undefined, NotResource: ['x'] },
])('a statement with %j is valid', (changes) => expect(check(changes)).not.toThrow())

test.each([
  { Effect: 'allow' },
  { Action: 5 },
  { Action: null },
  { Action: '' },
  { Action: [] },
  { Action: ['a', 5] },
  { Action: undefined },
  { NotAction: 'x' },
  { Resource: {} },
  { Principal: null },
  { Principal: 'everybody' },
  { Principal: [] },
  { Principal: {} },
  { Principal: { AWS: [] } },
  { Principal: { AWS: {} } },
])('a statement with %j is refused', (changes) => expect(check(changes)).toThrow('The policy is not valid'))

test('a policy without a statement is refused', () => {
  expect(() => checkPolicy('{}')).toThrow('The policy is not valid: it must have a Statement.')
})
