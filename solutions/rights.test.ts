import type { TopicName } from '@weir/contracts'
import { iamPolicies } from '@weir/contracts/iam.ts'
import { may, PRINCIPALS, type Principal, type Right, rightsOf } from '@weir/contracts/rights.ts'
import { KAFKA_SERVICES } from '@weir/contracts/services.ts'
import { groupFamilies, TOPIC_WATCHERS } from '@weir/contracts/topics.ts'
import { expect, test } from 'vitest'
import { shapeOf } from './flow-shape.ts'
import { solutions, topics } from './index.ts'

const rights = Object.fromEntries(
  PRINCIPALS.map((principal) => [principal, rightsOf(principal, topics)]),
) as Record<Principal, Right[]>
const CLUSTER = 'arn:aws:kafka:eu-central-1:111122223333:cluster/weir/0a1b2c3d-0000-0000-0000-000000000000-1'

test('a service may read and write the topics that the table gives it, and no others', () => {
  for (const [name, { readers, writers }] of Object.entries(topics)) {
    for (const service of KAFKA_SERVICES) {
      expect(may(rights[service], 'Read', 'topic', name), `${service} reads ${name}`).toBe(
        readers.includes(service),
      )
      expect(may(rights[service], 'Write', 'topic', name), `${service} writes ${name}`).toBe(
        writers.includes(service),
      )
      for (const operation of ['Create', 'Delete', 'Alter', 'AlterConfigs'] as const)
        expect(may(rights[service], operation, 'topic', name), `${operation} ${name}`).toBe(false)
    }
    expect(
      (['Create', 'Describe', 'DescribeConfigs', 'AlterConfigs', 'Read', 'Write', 'Delete'] as const).filter(
        (operation) => may(rights.apply, operation, 'topic', name),
      ),
    ).toEqual(['Create', 'Describe', 'DescribeConfigs', 'AlterConfigs'])
  }
})

test('policies name the resources of one cluster, and fit within the limit of managed policies', () => {
  for (const principal of PRINCIPALS) {
    const policies = iamPolicies(principal, topics, CLUSTER)
    // IAM takes ten managed policies for a role.
    expect(policies.length, principal).toBeLessThanOrEqual(3)
    for (const policy of policies) {
      // The IAM quota is 6,144 characters; white space does not count.
      expect(JSON.stringify(policy).length, principal).toBeLessThan(6144)
      for (const { Resource } of policy.Statement)
        for (const arn of Resource)
          expect(arn).toMatch(
            /^arn:aws:kafka:eu-central-1:111122223333:(cluster|topic|group|transactional-id)\/weir\/0a1b2c3d-/,
          )
    }
    const found = policies.flatMap(({ Statement }) => Statement.flatMap(({ Resource }) => Resource))
    expect(new Set(found).size, principal).toBe(found.length)
    expect(found.length, principal).toBe(rights[principal].length + 1)
  }
  expect(iamPolicies('indexer', topics, CLUSTER)[0].Statement).toContainEqual({
    Effect: 'Allow',
    Action: ['kafka-cluster:AlterGroup', 'kafka-cluster:DescribeGroup'],
    Resource: [`${CLUSTER.replace(':cluster/', ':group/')}/indexer.*`],
  })
  expect(() => iamPolicies('indexer', topics, 'arn:aws:kafka:weir')).toThrow(/not the ARN of an MSK cluster/)
})

test('the services have the rights that flows, stages, sinks and mappings of the solutions need', () => {
  for (const solution of solutions) {
    const { flows = [], detections = [], sinks = [], mappings = [], streams = [], ...rest } = solution
    const stages = [
      ...(rest.stages ?? []),
      ...(rest.fills ?? []).map((fill) => ({ ...fill, service: 'pricing' as const, output: undefined })),
    ]
    for (const { name, source, states, erasures, output, deadLetter } of detections) {
      const [reads, writes] = [
        [source, states, erasures],
        [states, erasures, output, deadLetter],
      ]
      expect(
        reads.filter((topic) => !may(rights.alerter, 'Read', 'topic', topic)),
        name,
      ).toEqual([])
      expect(
        writes.filter((topic) => !may(rights.alerter, 'Write', 'topic', topic)),
        name,
      ).toEqual([])
      expect(new Set([source, states, erasures].map((topic) => topics[topic].partitions)).size, name).toBe(1)
    }
    for (const flow of flows) {
      const { name, source, deadLetter } = flow
      expect(
        may(rights.enricher, 'Read', 'topic', source) && may(rights.enricher, 'Write', 'topic', deadLetter),
        name,
      ).toBe(true)
      expect(
        may(rights.enricher, 'Write', 'transactional-id', `enricher.${name}/${source}/0`) &&
          may(rights.indexer, 'Describe', 'group', `enricher.${name}`),
      ).toBe(true)
      const { windows } = shapeOf(flow)
      const kept = windows === undefined ? [] : ([windows.states, windows.erasures] as TopicName[])
      for (const topic of kept) {
        expect(
          may(rights.enricher, 'Read', 'topic', topic) && may(rights.enricher, 'Write', 'topic', topic),
          `${name}: ${topic}`,
        ).toBe(true)
        expect(topics[topic].partitions, `${name}: ${topic}`).toBe(topics[source].partitions)
      }
    }
    for (const { name, source, deadLetter } of sinks) {
      expect(
        may(rights.indexer, 'Read', 'topic', source) &&
          may(rights.indexer, 'Write', 'topic', deadLetter) &&
          may(rights.indexer, 'Read', 'group', `indexer.${name}`),
        name,
      ).toBe(true)
    }
    for (const { service, name, source, deadLetter, output = deadLetter } of stages)
      expect(
        may(rights[service], 'Read', 'topic', source) &&
          may(rights[service], 'Write', 'topic', deadLetter) &&
          may(rights[service], 'Write', 'topic', output) &&
          may(rights[service], 'Read', 'group', `${service}.${name}`),
        `${service} runs ${name}`,
      ).toBe(true)
    for (const { name, source, deadLetter } of [...flows, ...stages, ...sinks])
      expect(
        may(rights.console, 'Read', 'topic', deadLetter) &&
          may(rights.console, 'Write', 'topic', deadLetter) &&
          may(rights.console, 'Write', 'topic', source),
        `the console sends back the dead letters of ${name}`,
      ).toBe(true)
    for (const { name, output } of mappings) {
      expect(
        may(rights.enricher, 'Read', 'group', `weir.mapping.${name}`) &&
          (output === undefined || may(rights.enricher, 'Write', 'topic', output)),
        name,
      ).toBe(true)
    }
    for (const { name } of streams)
      for (const service of ['ingest-hub', 'enricher'] as const)
        expect(may(rights[service], 'Create', 'topic', `stream.${name}`)).toBe(true)
  }
})

test('those who watch topics may describe all of them, and read no more than others', () => {
  for (const service of TOPIC_WATCHERS) {
    const unseen = Object.keys(topics).filter((name) => !may(rights[service], 'Describe', 'topic', name))
    expect(unseen, service).toEqual([])
  }
})

test('a service that reads a topic with a consumer group has a family of groups', () => {
  const families = new Set(Object.values(groupFamilies).map(({ service }) => service))
  for (const [name, { retentionHours, readers }] of Object.entries(topics)) {
    if (retentionHours === 'compact' || name.startsWith('weir.')) continue
    for (const reader of readers.filter((service) => !TOPIC_WATCHERS.includes(service)))
      expect(families.has(reader), `${reader}, which reads ${name}, is not in groupFamilies`).toBe(true)
  }
})
