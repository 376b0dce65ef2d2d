/** DynamoDB's API of 2012-08-10. */
import { type Account, type Api, type AwsContext, api, dynamodbModel, dynamodbStreamsModel } from '@weir/aws'
import type { TableChange } from '@weir/contracts'
import type { Kafka } from '@weir/kafka'
import type { TopicRecords } from '@weir/topics'
import type { Tables } from '../tables/tables.ts'
import { batchOperations } from './batch-operations.ts'
import { itemOperations } from './item-operations.ts'
import { readOperations } from './read-operations.ts'
import { streamOperations } from './stream-operations.ts'
import { TableNames } from './table-names.ts'
import { tableOperations } from './table-operations.ts'

export type DynamoContext = Pick<AwsContext, 'authorize' | 'may' | 'client'>

/** DynamoDB's limit of a request: BatchWriteItem with 16 MB. */
const MAX_BODY_BYTES = 16 << 20
const MAX_STREAMS_BODY_BYTES = 64 << 10

export interface DynamoDeps {
  readonly account: Account
  readonly tables: Tables
  readonly kafka: Kafka
  readonly changes: TopicRecords<TableChange>
}

/** Returns the APIs of DynamoDB and of DynamoDB Streams. */
export function dynamodbApis(deps: DynamoDeps): Api[] {
  const all = { ...deps, names: new TableNames(deps.account, deps.tables.definitions) }
  const operations = {
    ...tableOperations(all),
    ...itemOperations(all),
    ...readOperations(all),
    ...batchOperations(all),
  }
  return [
    api(dynamodbModel, operations, { maxBodyBytes: MAX_BODY_BYTES }),
    api(dynamodbStreamsModel, streamOperations(all), { maxBodyBytes: MAX_STREAMS_BODY_BYTES }),
  ]
}
