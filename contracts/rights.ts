/**
 * The rights of each principal on the brokers: no more than the tables of topics require. Kafka's ACLs and
 * the policies of MSK IAM are generated from them.
 */
import { KAFKA_SERVICES, type Service } from './services.ts'
import {
  CONTROL_ENTRY,
  groupFamilies,
  registryJournal,
  TOPIC_WATCHERS,
  type TopicFamily,
  type TopicTable,
  topicFamilies,
} from './topics.ts'

/**
 * The services that use Kafka; the registry, whose store is in Kafka; and `apply`, the principal of `weir
 * topics apply`.
 */
export type Principal = Service | 'registry' | 'apply'
export const PRINCIPALS: readonly Principal[] = [...KAFKA_SERVICES, 'registry', 'apply']

export type Resource = 'topic' | 'group' | 'transactional-id'
/** Kafka's names of the operations (documentation, "Authorization and ACLs"). */
export type Operation =
  | 'Read'
  | 'Write'
  | 'Create'
  | 'Delete'
  | 'Alter'
  | 'Describe'
  | 'DescribeConfigs'
  | 'AlterConfigs'

export interface Right {
  readonly resource: Resource
  readonly name: string
  /** `prefixed` stands for every resource whose name begins with `name`. */
  readonly pattern: 'literal' | 'prefixed'
  readonly operations: readonly Operation[]
}

/**
 * Apicurio's topics (kafkasql): the journal with every schema, and the topics that it creates when it starts.
 */
const REGISTRY_TOPICS = [registryJournal.name, 'kafkasql-snapshots', 'registry-events']
const REGISTRY_GROUPS = 'apicurio-'

const MANAGES: readonly Operation[] = ['Create', 'Delete', 'Alter', 'DescribeConfigs', 'AlterConfigs']

/** Returns the principal's rights, sorted by resource and name. Each resource appears once. */
export function rightsOf(principal: Principal, topics: TopicTable): Right[] {
  const found = new Map<string, Right>()
  const allow = (
    resource: Resource,
    name: string,
    pattern: Right['pattern'],
    ...operations: readonly Operation[]
  ): void => {
    const key = `${resource} ${pattern} ${name}`
    const before = found.get(key)?.operations ?? ['Describe']
    found.set(key, { resource, name, pattern, operations: [...new Set([...before, ...operations])] })
  }
  if (principal === 'registry') {
    for (const name of REGISTRY_TOPICS) allow('topic', name, 'literal', 'Create', 'Read', 'Write')
    allow('group', REGISTRY_GROUPS, 'prefixed', 'Read')
  } else if (principal === 'apply') {
    for (const name of [...Object.keys(topics), registryJournal.name])
      allow('topic', name, 'literal', 'Create', 'DescribeConfigs', 'AlterConfigs')
  } else {
    ofService(principal, topics, allow)
  }
  return [...found.values()].sort((a, b) => compare(a.resource, b.resource) || compare(a.name, b.name))
}

/** Whether one of the rights covers the operation on the resource of this name. */
export function may(
  rights: readonly Right[],
  operation: Operation,
  resource: Resource,
  name: string,
): boolean {
  return rights.some(
    (right) =>
      right.resource === resource &&
      right.operations.includes(operation) &&
      (right.pattern === 'prefixed' ? name.startsWith(right.name) : name === right.name),
  )
}

type Allow = (
  resource: Resource,
  name: string,
  pattern: Right['pattern'],
  ...operations: readonly Operation[]
) => void

function ofService(service: Service, topics: TopicTable, allow: Allow): void {
  const readBy = (reader: Service) =>
    Object.entries(topics).filter(([, { readers }]) => readers.includes(reader))
  for (const [name] of readBy(service)) allow('topic', name, 'literal', 'Read')
  for (const [name, { writers, value }] of Object.entries(topics)) {
    if (!writers.includes(service)) continue
    allow('topic', name, 'literal', 'Write')
    // The writer that decides on a control log holds its transactional id.
    if (value === CONTROL_ENTRY) allow('transactional-id', `${name}.writer`, 'literal', 'Write')
  }
  for (const [prefix, { managers, writers, readers }] of Object.entries<TopicFamily>(topicFamilies)) {
    if (readers.includes(service)) allow('topic', prefix, 'prefixed', 'Read')
    if (writers.includes(service)) allow('topic', prefix, 'prefixed', 'Write')
    if (managers.includes(service)) allow('topic', prefix, 'prefixed', ...MANAGES)
  }
  const watchesAll = TOPIC_WATCHERS.includes(service)
  if (watchesAll) {
    // A policy with the name of each topic would exceed IAM's limit, so it has the first words of the names.
    for (const name of Object.keys(topics)) {
      const [prefix] = /^[^.]+\./.exec(name) ?? []
      if (prefix === undefined) allow('topic', name, 'literal')
      else allow('topic', prefix, 'prefixed')
    }
    for (const prefix of Object.keys(topicFamilies)) allow('topic', prefix, 'prefixed')
  }
  for (const [prefix, { service: member, transactional, watchers }] of Object.entries(groupFamilies)) {
    if (member === service) {
      allow('group', prefix, 'prefixed', 'Read')
      if (transactional) allow('transactional-id', prefix, 'prefixed', 'Write')
    }
    if (!watchers.includes(service)) continue
    allow('group', prefix, 'prefixed')
    // Lag is the distance from the end of a topic, so a watcher must be able to describe the topic.
    if (watchesAll) continue
    for (const [name] of readBy(member)) allow('topic', name, 'literal')
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
