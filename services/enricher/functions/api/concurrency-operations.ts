/** PutFunctionConcurrency, GetFunctionConcurrency, DeleteFunctionConcurrency. */
import type { AwsContext, AwsOperations } from '@weir/aws'
import type { Catalogue } from '../catalogue.ts'
import type { Deploying } from './deploying.ts'
import {
  existingFunction,
  functionsOnly,
  invalidParameter,
  type NamedFunction,
  wholeFunction,
} from './names.ts'

interface FunctionInput {
  readonly FunctionName: string
}

/**
 * The concurrency of an AWS account (Lambda quotas). Functions may reserve all of it but MIN_UNRESERVED.
 */
export const ACCOUNT_CONCURRENCY = 1000
const MIN_UNRESERVED = 100

export function concurrencyOperations({
  service: { functions, catalogue },
  account,
  changeableWhole,
  changeLatest,
}: Deploying): AwsOperations {
  /** Unlike other operations, these refuse $LATEST too. */
  const unqualified = (given: string): NamedFunction => {
    const named = wholeFunction(given, account)
    if (named.qualifier !== undefined) throw functionsOnly()
    return named
  }
  const changeable = (given: string, context: AwsContext): Promise<NamedFunction> => {
    unqualified(given)
    return changeableWhole(given, context)
  }
  return {
    async PutFunctionConcurrency(
      {
        FunctionName,
        ReservedConcurrentExecutions: reserved,
      }: FunctionInput & { readonly ReservedConcurrentExecutions: number },
      context: AwsContext,
    ) {
      const { name } = await changeable(FunctionName, context)
      await changeLatest(name, false, (latest) => {
        if (
          ACCOUNT_CONCURRENCY - reservedOf(catalogue) + (latest.reserved ?? 0) - reserved <
          MIN_UNRESERVED
        ) {
          throw invalidParameter(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below " +
              `its minimum value of [${MIN_UNRESERVED}].`,
          )
        }
        return { ...latest, reserved }
      })
      return { ReservedConcurrentExecutions: reserved }
    },
    GetFunctionConcurrency({ FunctionName }: FunctionInput, context: AwsContext) {
      const named = unqualified(FunctionName)
      context.authorize(named.arn)
      return { ReservedConcurrentExecutions: existingFunction(functions, named).latest.reserved }
    },
    async DeleteFunctionConcurrency({ FunctionName }: FunctionInput, context: AwsContext) {
      const { name } = await changeable(FunctionName, context)
      await changeLatest(name, false, ({ reserved, ...latest }) => latest)
    },
  }
}

/** The sum of what all functions reserve. */
export function reservedOf(catalogue: Catalogue): number {
  return catalogue.all().reduce((sum, { latest }) => sum + (latest.reserved ?? 0), 0)
}
