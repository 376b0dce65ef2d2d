import { readConfig } from '@weir/config'
import { expect, test } from 'vitest'
import { config } from './config.ts'

const read = (env: Record<string, string>) => readConfig({ ALLOW_ANONYMOUS: 'true', ...env }, config)

test('without settings the indexer uses a local OpenSearch, if anonymous access is allowed', () => {
  expect(read({})).toMatchObject({
    search: {
      engine: 'opensearch',
      urls: ['http://localhost:9200'],
      username: undefined,
      password: undefined,
      ca: undefined,
    },
    replicas: 0,
    http: { port: 8084 },
    solutions: [],
  })
})

test('without keys, access must be opened on purpose', () => {
  expect(() => readConfig({}, config)).toThrow(/ALLOW_ANONYMOUS/)
})

test('several nodes, a user and replicas are read', () => {
  const { search, replicas } = read({
    SEARCH_ENGINE: 'elasticsearch',
    SEARCH_URL: 'https://a:9200, https://b:9200',
    SEARCH_USERNAME: 'weir',
    SEARCH_PASSWORD: 'x',
    SEARCH_REPLICAS: '2',
  })
  expect(search).toMatchObject({
    engine: 'elasticsearch',
    urls: ['https://a:9200', 'https://b:9200'],
    username: 'weir',
    password: 'x',
  })
  expect(replicas).toBe(2)
})

test('every problem is reported at once', () => {
  expect(() =>
    read({
      SEARCH_ENGINE: 'solr',
      SEARCH_URL: 'localhost:9200',
      SEARCH_CA: '/does/not/exist',
      SEARCH_REPLICAS: 'many',
    }),
  ).toThrow(
    expect.objectContaining({
      name: 'ConfigError',
      problems: ['SEARCH_ENGINE', 'SEARCH_URL', 'SEARCH_CA', 'SEARCH_REPLICAS'].map((name) =>
        expect.stringContaining(name),
      ),
    }),
  )
})
