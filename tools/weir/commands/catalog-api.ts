/** The catalogue of pricing, by Glue's API. */
import { awsJsonApi } from '../aws-json-api.ts'
import type { Signing } from './functions-api.ts'

export interface CatalogColumn {
  readonly Name: string
  readonly Type: string
  readonly Comment?: string
}

/** A table as Glue's API shows it. */
export interface CatalogTable {
  readonly DatabaseName: string
  readonly Name: string
  readonly Description?: string
  readonly Owner?: string
  readonly Parameters?: Readonly<Record<string, string>>
  readonly PartitionKeys?: readonly CatalogColumn[]
  readonly StorageDescriptor?: { readonly Location?: string; readonly Columns?: readonly CatalogColumn[] }
}

export interface CatalogApi {
  /** The tables with that text in their names, columns or descriptions. */
  search(text: string): Promise<readonly CatalogTable[]>
  /** The values of the table's partitions, up to a page. */
  partitions(table: CatalogTable): Promise<readonly (readonly string[])[]>
}

/** Calls reject with Unreachable if pricing does not answer, and with Refused if it refuses. */
export function openCatalogApi(url: string, signing: Signing): CatalogApi {
  const ask = awsJsonApi(
    { url, service: 'pricing', variable: 'PRICING_URL', signedFor: 'glue', target: 'AWSGlue' },
    signing,
  )
  return {
    async search(text) {
      const found: CatalogTable[] = []
      for (let NextToken: string | undefined; ; ) {
        const page = await ask<{ TableList: CatalogTable[]; NextToken?: string }>('SearchTables', {
          SearchText: text,
          MaxResults: 100,
          NextToken,
        })
        found.push(...page.TableList)
        if (page.NextToken === undefined) return found
        NextToken = page.NextToken
      }
    },
    async partitions({ DatabaseName, Name: TableName }) {
      const page = await ask<{ Partitions: { Values: string[] }[] }>('GetPartitions', {
        DatabaseName,
        TableName,
      })
      return page.Partitions.map(({ Values }) => Values)
    },
  }
}
