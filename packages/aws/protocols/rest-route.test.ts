import { expect, test } from 'vitest'
import { folderOf, pathMatcher } from './rest-route.ts'

test.each([
  ['/rules/{ruleName}', '/rules/hot', { ruleName: 'hot' }],
  ['/rules/{ruleName}', '/rules/hot/', { ruleName: 'hot' }],
  ['/rules/{ruleName}', '/rules/hot/enable', undefined],
  ['/rules/{ruleName}/enable', '/rules/hot/enable', { ruleName: 'hot' }],
  ['/topics/{topic}', '/topics/a%2Fb', { topic: 'a/b' }],
  ['/destinations/{arn+}', '/destinations/arn%3Aaws/http/7', { arn: 'arn:aws/http/7' }],
  ['/destinations/{arn+}', '/destinations/one', { arn: 'one' }],
  ['/destinations/{arn+}', '/destinations', undefined],
])('%s: %s has the labels %j', (uri, path, expected) => {
  expect(pathMatcher(uri)(path)).toEqual(expected)
})

test('a path without a folder stands for itself', () => {
  expect(['/2015-03-31/functions/{Name}', '/tags', '/rules/{ruleName}'].map(folderOf)).toEqual([
    '/2015-03-31/',
    '/tags',
    '/rules/',
  ])
})
