/**
 * The rights of a principal as an IAM policy for Amazon MSK (developer guide, "Semantics of IAM authorization
 * policy actions and resources").
 */
import { type Operation, type Principal, type Resource, type Right, rightsOf } from './rights.ts'
import type { TopicTable } from './topics.ts'

export interface Policy {
  readonly Version: '2012-10-17'
  readonly Statement: readonly Statement[]
}

export interface Statement {
  readonly Effect: 'Allow'
  readonly Action: readonly string[]
  readonly Resource: readonly string[]
}

/** arn:PARTITION:kafka:REGION:ACCOUNT:cluster/NAME/UUID */
const CLUSTER = /^(arn:aws[a-z-]*:kafka:[a-z0-9-]+:\d{12}:)cluster\/([A-Za-z0-9-]{1,64}\/[A-Za-z0-9-]+)$/

const ACTIONS: Readonly<Record<Resource, Partial<Record<Operation, readonly string[]>>>> = {
  topic: {
    Describe: ['DescribeTopic'],
    Read: ['ReadData'],
    Write: ['WriteData'],
    Create: ['CreateTopic'],
    Delete: ['DeleteTopic'],
    Alter: ['AlterTopic'],
    DescribeConfigs: ['DescribeTopicDynamicConfiguration'],
    AlterConfigs: ['AlterTopicDynamicConfiguration'],
  },
  group: { Describe: ['DescribeGroup'], Read: ['AlterGroup'] },
  'transactional-id': { Describe: ['DescribeTransactionalId'], Write: ['AlterTransactionalId'] },
}

/** The characters that IAM takes of a managed policy (user guide, "IAM and AWS STS quotas"); white space does not count. */
const MAX_CHARACTERS = 6144

/**
 * Returns the rights as managed policies, more than one if they are too long for one. The first has a statement for the
 * cluster; each other statement is for a set of actions. Throws an error with one sentence if the ARN is not that of an
 * MSK cluster.
 */
export function iamPolicies(principal: Principal, topics: TopicTable, clusterArn: string): Policy[] {
  const parts = CLUSTER.exec(clusterArn)
  if (parts === null)
    throw new Error(
      `"${clusterArn.slice(0, 200)}" is not the ARN of an MSK cluster; \`aws kafka list-clusters-v2\` lists them.`,
    )
  const [, beginning, cluster] = parts
  const arn = ({ resource, name, pattern }: Right): string =>
    `${beginning}${resource}/${cluster}/${name}${pattern === 'prefixed' ? '*' : ''}`
  const rights = rightsOf(principal, topics)
  const writes = rights.some(
    ({ resource, operations }) => resource === 'topic' && operations.includes('Write'),
  )
  const groups = Map.groupBy(rights, ({ resource, operations }) => actions(resource, operations).join())
  return split([
    // Our producers are idempotent.
    {
      Effect: 'Allow',
      Action: [action('Connect'), ...(writes ? [action('WriteDataIdempotently')] : [])],
      Resource: [clusterArn],
    },
    ...[...groups.values()].map(
      (alike): Statement => ({
        Effect: 'Allow',
        Action: actions(alike[0].resource, alike[0].operations),
        Resource: alike.map(arn),
      }),
    ),
  ])
}

/** Begins another policy before a resource with which the last one would be too long. */
function split(statements: readonly Statement[]): Policy[] {
  const policies: { readonly Version: '2012-10-17'; readonly Statement: Statement[] }[] = []
  for (const { Resource, ...rest } of statements) {
    let open: string[] | undefined
    for (const resource of Resource) {
      const last = policies.at(-1)
      const length =
        JSON.stringify(last ?? '').length + JSON.stringify({ ...rest, Resource: [resource] }).length
      if (last === undefined || length >= MAX_CHARACTERS) {
        policies.push({ Version: '2012-10-17', Statement: [] })
        open = undefined
      }
      if (open === undefined) policies.at(-1)!.Statement.push({ ...rest, Resource: (open = []) })
      open.push(resource)
    }
  }
  return policies
}

function actions(resource: Resource, operations: readonly Operation[]): string[] {
  return operations.flatMap((operation) => ACTIONS[resource][operation]!.map(action)).sort()
}

const action = (name: string): string => `kafka-cluster:${name}`
