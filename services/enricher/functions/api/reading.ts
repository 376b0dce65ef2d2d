/** ListFunctions, GetFunction, GetFunctionConfiguration. */
import type { AwsContext, AwsOperations } from '@weir/aws'
import type { FunctionState, Functions } from '../functions.ts'
import { existing, functionArn, namedFunction, type Account } from './names.ts'
import { pageOf, type Paging } from './paging.ts'

interface FunctionInput {
  readonly FunctionName: string
  readonly Qualifier?: string
}

/** Functions of a page (API reference, ListFunctions). */
const MOST_LISTED = 50
const RUNTIME = `nodejs${process.versions.node.split('.', 1)[0]}.x`
const ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'x86_64'

export function readingOperations(functions: Functions, account: Account): AwsOperations {
  const state = ({ FunctionName, Qualifier }: FunctionInput, context: AwsContext): FunctionState => {
    const named = namedFunction(FunctionName, account, Qualifier)
    context.authorize(named.arn)
    return existing(functions, named)
  }
  return {
    ListFunctions(input: Paging, context: AwsContext) {
      context.authorize('*')
      const { items, NextMarker } = pageOf(functions.all().filter(({ settings }) => context.may(functionArn(account, settings.name))), ({ settings }) => settings.name, input, MOST_LISTED)
      return { Functions: items.map((one) => configurationOf(one, account)), NextMarker }
    },
    GetFunction(input: FunctionInput, context: AwsContext) {
      const found = state(input, context)
      return { Configuration: configurationOf(found, account), Concurrency: { ReservedConcurrentExecutions: found.settings.concurrency }, Tags: {} }
    },
    GetFunctionConfiguration: (input: FunctionInput, context: AwsContext) => configurationOf(state(input, context), account),
  }
}

function configurationOf({ settings, version, deployed }: FunctionState, account: Account): object {
  // What was deployed keeps its code and date beside its settings.
  const { code, deployedAt } = settings as { readonly code?: string, readonly deployedAt?: number }
  return {
    FunctionName: settings.name, FunctionArn: functionArn(account, settings.name), Runtime: RUNTIME, Handler: settings.handler,
    Description: deployed ? 'Deployed through the API' : 'Part of a solution',
    CodeSize: code === undefined ? undefined : Buffer.byteLength(code), CodeSha256: Buffer.from(version, 'hex').toString('base64'),
    Timeout: Math.ceil(settings.timeoutMs / 1000), MemorySize: settings.memoryMb, Environment: { Variables: settings.environment },
    LastModified: deployedAt === undefined ? undefined : new Date(deployedAt).toISOString().replace('Z', '+0000'),
    Version: '$LATEST', State: 'Active', LastUpdateStatus: 'Successful', PackageType: 'Zip', Architectures: [ARCHITECTURE],
  }
}
