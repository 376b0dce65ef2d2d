/** Glue's API of 2017-03-31: the schema registry, and the catalogue of data. */
import { type Account, type Api, api, glueModel } from '@weir/aws'
import type { TopicTable } from '@weir/contracts/topics.ts'
import type { Logger } from '@weir/service'
import type { Tables } from '../tables/tables.ts'
import type { Catalogue } from './catalogue.ts'
import { changeOperations } from './change-operations.ts'
import { crawlerOperations } from './crawler-operations.ts'
import { Crawls } from './crawls.ts'
import { partitionOperations } from './partition-operations.ts'
import { SchemaRegistry } from './registry.ts'
import { SchemaNames } from './schema-names.ts'
import { schemaOperations } from './schema-operations.ts'
import { tableOperations } from './table-operations.ts'
import { versionOperations } from './version-operations.ts'

/** A definition has up to 170,000 characters, each up to six in JSON. */
const MAX_BODY_BYTES = 2 << 20

export interface GlueOptions {
  readonly account: Account
  readonly topics: TopicTable
  readonly registryUrl: string
  readonly catalogue: Catalogue
  readonly tables: Pick<Tables, 'definitions' | 'reading'>
  readonly log: Logger
}

export function glueApi({ account, topics, registryUrl, catalogue, tables, log }: GlueOptions): Api {
  const deps = {
    account,
    catalogue,
    names: new SchemaNames(account, topics),
    registry: new SchemaRegistry(registryUrl),
  }
  const operations = {
    ...schemaOperations(deps),
    ...versionOperations(deps),
    ...tableOperations(deps),
    ...changeOperations(deps),
    ...partitionOperations(deps),
    ...crawlerOperations({ ...deps, crawls: new Crawls(catalogue, tables, log) }),
  }
  return api(glueModel, operations, { maxBodyBytes: MAX_BODY_BYTES, invalidInput: 'InvalidInputException' })
}
