import { expect, test } from 'vitest'
import { iamPolicy } from './iam.ts'
import { may, PRINCIPALS } from './rights.ts'
import { SERVICES } from './services.ts'
import { type Topic, topics } from './topics.ts'

const CLUSTER = 'arn:aws:kafka:eu-central-1:111122223333:cluster/weir/0a1b2c3d-0000-0000-0000-000000000000-1'

test('a service reads and writes what the table says, and nothing else of it', () => {
  for (const [name, { readers, writers }] of Object.entries<Topic>(topics)) {
    for (const service of SERVICES) {
      expect(may(service, 'Read', 'topic', name), `${service} reads ${name}`).toBe(readers.includes(service))
      expect(may(service, 'Write', 'topic', name), `${service} writes ${name}`).toBe(
        writers.includes(service),
      )
      for (const operation of ['Create', 'Delete', 'Alter', 'AlterConfigs'] as const)
        expect(may(service, operation, 'topic', name), `${operation} ${name}`).toBe(false)
    }
    expect(
      (['Create', 'Describe', 'DescribeConfigs', 'AlterConfigs', 'Read', 'Write', 'Delete'] as const).filter(
        (operation) => may('apply', operation, 'topic', name),
      ),
    ).toEqual(['Create', 'Describe', 'DescribeConfigs', 'AlterConfigs'])
  }
})

test('a policy names the resources of one cluster, and fits into a managed policy', () => {
  for (const principal of PRINCIPALS) {
    const policy = iamPolicy(principal, CLUSTER)
    // The IAM quota is 6,144 characters; white space does not count.
    expect(JSON.stringify(policy).length, principal).toBeLessThan(6144)
    for (const { Resource } of policy.Statement)
      for (const arn of Resource)
        expect(arn).toMatch(
          /^arn:aws:kafka:eu-central-1:111122223333:(cluster|topic|group|transactional-id)\/weir\/0a1b2c3d-/,
        )
  }
  expect(iamPolicy('indexer', CLUSTER).Statement).toContainEqual({
    Effect: 'Allow',
    Action: ['kafka-cluster:AlterGroup', 'kafka-cluster:DescribeGroup'],
    Resource: [`${CLUSTER.replace(':cluster/', ':group/')}/indexer.*`],
  })
  expect(() => iamPolicy('indexer', 'arn:aws:kafka:weir')).toThrow(/no ARN of an MSK cluster/)
})
