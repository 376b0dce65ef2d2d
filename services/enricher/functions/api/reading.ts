/** ListFunctions, GetFunction, GetFunctionConfiguration, GetFunctionCodeSigningConfig, GetAccountSettings. */
import { type AwsAccess, type AwsContext, type AwsOperations, functionArn, presignedUrl } from '@weir/aws'
import { MAX_UNPACKED_BYTES } from '../code/unpack.ts'
import { type FunctionVersion, LATEST } from '../entries.ts'
import { MAX_ZIPPED_BYTES } from './code-input.ts'
import { ACCOUNT_CONCURRENCY, reservedOf } from './concurrency-operations.ts'
import { configurationOf, describedVersion } from './configuration.ts'
import type { Deploying } from './deploying.ts'
import { existing, type NamedFunction, namedFunction } from './names.ts'
import { markedPage, type Paging } from './paging.ts'

interface FunctionInput {
  readonly FunctionName: string
  readonly Qualifier?: string
}

interface ListInput extends Paging {
  readonly FunctionVersion?: 'ALL'
}

/** The most functions of a page (API reference, ListFunctions). */
const MAX_LISTED = 50
/** How long the location of code is valid (API reference, GetFunction: 10 minutes). */
const LOCATION_SECONDS = 600

export function readingOperations(
  { service, account, maxCodeBytes }: Deploying,
  access: AwsAccess,
): AwsOperations {
  const { functions, catalogue, catchUp } = service

  const found = async (
    { FunctionName, Qualifier }: FunctionInput,
    context: AwsContext,
  ): Promise<{ named: NamedFunction; version: FunctionVersion }> => {
    const named = namedFunction(FunctionName, account, Qualifier)
    context.authorize(named.arn)
    // Another replica may just have created it.
    if (functions.get(named.qualified) === undefined) await catchUp()
    return { named, version: existing(functions, named) }
  }

  /** Returns the archive's location at this service, for any client that has it. */
  const locationOf = ({ name, archive }: FunctionVersion, context: AwsContext): object | undefined => {
    if (archive === undefined) return undefined
    const { protocol, host } = context.request
    const url = new URL(`${protocol}://${host}/v1/functions/${name}/code/${archive.id}`)
    const secretAccessKey = access.client(context.client.name)?.secret
    // A client that may send unsigned requests gets an unsigned location.
    if (secretAccessKey === undefined) return { RepositoryType: 'S3', Location: url.href }
    const credentials = { accessKeyId: context.client.name, secretAccessKey }
    return {
      RepositoryType: 'S3',
      Location: presignedUrl(url, credentials, account.region, 'lambda', LOCATION_SECONDS).href,
    }
  }

  return {
    ListFunctions(input: ListInput, context: AwsContext) {
      context.authorize('*')
      const all = functions.all().filter(({ latest: { name } }) => context.may(functionArn(account, name)))
      const listed =
        input.FunctionVersion === 'ALL'
          ? all.flatMap(({ latest, versions }) => [latest, ...versions.values()])
          : all.map(({ latest }) => latest)
      const { items, NextMarker } = markedPage(listed, keyOf, input, MAX_LISTED)
      return {
        Functions: items.map((one) =>
          configurationOf(one, account, input.FunctionVersion === 'ALL' ? one.version : undefined),
        ),
        NextMarker,
      }
    },
    async GetFunction(input: FunctionInput, context: AwsContext) {
      const { named, version } = await found(input, context)
      const {
        latest: { reserved, tags },
      } = functions.find(named.name)!
      return {
        Configuration: describedVersion(version, functions, account, named.qualifier),
        Code: locationOf(version, context),
        Concurrency: reserved === undefined ? undefined : { ReservedConcurrentExecutions: reserved },
        Tags: Object.keys(tags).length === 0 ? undefined : tags,
      }
    },
    async GetFunctionConfiguration(input: FunctionInput, context: AwsContext) {
      const { named, version } = await found(input, context)
      return describedVersion(version, functions, account, named.qualifier)
    },
    async GetFunctionCodeSigningConfig(input: FunctionInput, context: AwsContext) {
      const { named } = await found(input, context)
      return { FunctionName: named.name, CodeSigningConfigArn: '' }
    },
    GetAccountSettings(_input: object, context: AwsContext) {
      context.authorize('*')
      return {
        AccountLimit: {
          TotalCodeSize: maxCodeBytes,
          CodeSizeUnzipped: MAX_UNPACKED_BYTES,
          CodeSizeZipped: MAX_ZIPPED_BYTES,
          ConcurrentExecutions: ACCOUNT_CONCURRENCY,
          UnreservedConcurrentExecutions: ACCOUNT_CONCURRENCY - reservedOf(catalogue),
        },
        AccountUsage: { TotalCodeSize: catalogue.codeBytes(), FunctionCount: functions.all().length },
      }
    },
  }
}

/** The sort key by which functions and their versions are listed: $LATEST comes before the numbers. */
function keyOf({ name, version }: FunctionVersion): string {
  return version === LATEST ? `${name}\u0000` : `${name}\u0000${version.padStart(10, '0')}`
}
