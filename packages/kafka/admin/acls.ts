/** Access control lists: Weir grants rights and takes none away. */
import type { Cluster } from '../client/cluster.ts'
import { OK } from '../client/protocol/codes.ts'
import type { Acl } from '../port.ts'
import { ask, attempt, refusal } from './attempt.ts'

/** The protocol's numbers (Kafka's ResourceType, PatternType, AclOperation, AclPermissionType). */
const RESOURCES: Readonly<Record<Acl['resource'], number>> = { topic: 2, group: 3, 'transactional-id': 5 }
const PATTERNS: Readonly<Record<Acl['pattern'], number>> = { literal: 3, prefixed: 4 }
const OPERATIONS: Readonly<Record<string, number>> = {
  All: 2,
  Read: 3,
  Write: 4,
  Create: 5,
  Delete: 6,
  Alter: 7,
  Describe: 8,
  ClusterAction: 9,
  DescribeConfigs: 10,
  AlterConfigs: 11,
  IdempotentWrite: 12,
}
const ANY = 1
const ALLOW = 3
const EVERY_HOST = '*'

interface Described {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly resources: readonly {
    resourceType: number
    resourceName: string
    resourcePatternType: number
    acls: readonly { operation: number; host: string; permissionType: number }[]
  }[]
}

export async function describeAcls(cluster: Cluster, principal: string): Promise<Acl[]> {
  const filter = {
    resourceType: ANY,
    resourceName: null,
    resourcePatternType: ANY,
    principal,
    host: EVERY_HOST,
    operation: ANY,
    permissionType: ALLOW,
  }
  const { errorCode, errorMessage, resources }: Described = await attempt(
    cluster,
    () => cluster.anywhere((broker) => ask(cluster, broker, 'DescribeAcls', filter)),
    'The ACLs cannot be read',
  )
  if (errorCode !== OK) throw refusal(errorCode, `The ACLs of ${principal} cannot be read (${errorMessage})`)
  return resources.flatMap(({ resourceType, resourceName, resourcePatternType, acls }) =>
    acls.flatMap(({ operation }) => {
      const [resource, pattern, named] = [
        nameOf(RESOURCES, resourceType),
        nameOf(PATTERNS, resourcePatternType),
        nameOf(OPERATIONS, operation),
      ]
      return resource === undefined || pattern === undefined || named === undefined
        ? []
        : [{ principal, resource, name: resourceName, pattern, operation: named }]
    }),
  )
}

export async function addAcls(cluster: Cluster, acls: readonly Acl[]): Promise<void> {
  if (acls.length === 0) return
  const creations = acls.map(({ principal, resource, name, pattern, operation }) => ({
    resourceType: RESOURCES[resource],
    resourceName: name,
    resourcePatternType: PATTERNS[pattern],
    principal,
    host: EVERY_HOST,
    operation: OPERATIONS[operation],
    permissionType: ALLOW,
  }))
  const {
    creationResponses,
  }: { creationResponses: readonly { errorCode: number; errorMessage: string | null }[] } = await attempt(
    cluster,
    async () => ask(cluster, await cluster.controller(), 'CreateAcls', { creations }),
    'ACLs cannot be added',
  )
  for (const [i, { errorCode, errorMessage }] of creationResponses.entries()) {
    const { principal, operation, resource, name } = acls[i]
    if (errorCode !== OK)
      throw refusal(
        errorCode,
        `${principal} cannot be allowed to ${operation} the ${resource} ${name} (${errorMessage})`,
      )
  }
}

function nameOf<T extends string>(numbers: Readonly<Record<T, number>>, wanted: number): T | undefined {
  return (Object.keys(numbers) as T[]).find((name) => numbers[name] === wanted)
}
