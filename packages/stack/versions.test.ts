import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { expect, test } from 'vitest'
import { checkout } from './paths.ts'
import { versions } from './versions.ts'

test('the native stack runs what Compose runs', () => {
  const images = Object.values(parseEnv(readFileSync(join(checkout, '.env'), 'utf8')))
  expect(images).toEqual(
    expect.arrayContaining([
      `apache/kafka:${versions.kafka}`,
      `apicurio/apicurio-registry:${versions.apicurio}`,
      `opensearchproject/opensearch:${versions.opensearch}`,
      `elasticsearch:${versions.elasticsearch}`,
    ]),
  )
})
