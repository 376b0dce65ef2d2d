/** The catalogue of pricing, by Glue's API. */
import { signatureHeaders } from '@weir/aws/sigv4/sign.ts'
import { reasonOf } from '@weir/service/probe.ts'
import { Refused, Unreachable } from '../command.ts'
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

const TIMEOUT_MS = 30_000

/** Calls reject with Unreachable if pricing does not answer, and with Refused if it refuses. */
export function openCatalogApi(url: string, { region, ...credentials }: Signing): CatalogApi {
  const ask = async <T>(operation: string, input: object): Promise<T> => {
    const request = {
      method: 'POST',
      url: new URL(url),
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `AWSGlue.${operation}` },
      body: JSON.stringify(input),
    }
    const headers = signatureHeaders(request, credentials, region, 'glue')
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const response = await fetch(request.url, { ...request, headers, signal }).catch((error: Error) => {
      throw new Unreachable(
        `The pricing at ${url} does not answer (${reasonOf(error)}); start it or set PRICING_URL.`,
      )
    })
    const body = await response.text()
    if (response.ok) return JSON.parse(body) as T
    const said = `The pricing answered ${response.status}: ${body.slice(0, 500)}`
    throw response.status < 500 ? new Refused(said) : new Unreachable(said)
  }
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
