/** Names and ARNs of functions and mappings, as callers write them and as they appear in answers. */
import { type Account, AwsError, formatArn, functionArn } from '@weir/aws'
import type { DeployedFunction } from '../catalogue.ts'
import { type FunctionVersion, LATEST } from '../entries.ts'
import type { Functions } from '../functions.ts'

/** A function as a caller names it; it need not exist. */
export interface NamedFunction {
  readonly name: string
  /** The ARN without a qualifier, to which rights apply. */
  readonly arn: string
  /** The ARN as it was named, for messages. */
  readonly qualifiedArn: string
  /** A number, an alias or $LATEST, if one was given. */
  readonly qualifier: string | undefined
  /** NAME, or NAME:QUALIFIER if a qualifier was given. */
  readonly qualified: string
  /** Whether it is named in this account and region. */
  readonly here: boolean
}

/** A name, a partial ARN or a whole one (pattern of NamespacedFunctionName in Lambda's model). */
const FORM =
  /^(?:arn:(?:aws[a-zA-Z-]*)?:lambda:)?(?:([a-z]{2}(?:-[a-z]+)+-\d):)?(?:(\d{12}):)?(?:function:)?([\w.-]+)(?::([\w$.-]+))?$/

export function mappingArn(account: Account, id: string): string {
  return formatArn({ ...account, service: 'lambda', resource: `event-source-mapping:${id}` })
}

/** @param qualifier given separately from the name */
export function namedFunction(given: string, account: Account, qualifier?: string): NamedFunction {
  const [, region = account.region, accountId = account.accountId, name, suffix] = FORM.exec(given) ?? []
  if (name === undefined)
    throw invalidParameter(`${given.slice(0, 300)} is neither the name nor the ARN of a function.`)
  if (suffix !== undefined && qualifier !== undefined && suffix !== qualifier) {
    throw invalidParameter(
      'The derived qualifier from the function name does not match the specified qualifier.',
    )
  }
  if (region !== account.region) {
    throw notFound(`Functions from '${region}' are not reachable in this region ('${account.region}')`)
  }
  const version = suffix ?? qualifier
  const arn = functionArn({ region, accountId }, name)
  return {
    name,
    arn,
    qualifier: version,
    qualified: version === undefined ? name : `${name}:${version}`,
    qualifiedArn: version === undefined ? arn : `${arn}:${version}`,
    here: accountId === account.accountId,
  }
}

/** Reads the name of a function in operations that take no version or alias. */
export function wholeFunction(given: string, account: Account): NamedFunction {
  const named = namedFunction(given, account)
  if (named.qualifier === undefined || named.qualifier === LATEST) return named
  throw functionsOnly()
}

export function functionsOnly(): AwsError {
  return invalidParameter(
    'This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. ' +
      'Please specify either a function name or an unqualified function ARN.',
  )
}

/** Returns the version that is named. Throws ResourceNotFoundException if it does not exist. */
export function existing(
  functions: Functions,
  { here, qualified, qualifiedArn }: NamedFunction,
): FunctionVersion {
  const found = here ? functions.get(qualified) : undefined
  if (found === undefined) throw notFound(`Function not found: ${qualifiedArn}`)
  return found
}

/** Returns the function with all its versions. Throws ResourceNotFoundException if it does not exist. */
export function existingFunction(functions: Functions, { here, name, arn }: NamedFunction): DeployedFunction {
  const found = here ? functions.find(name) : undefined
  if (found === undefined) throw notFound(`Function not found: ${arn}`)
  return found
}

export function notFound(text: string): AwsError {
  return new AwsError('ResourceNotFoundException', text, 404)
}

/** @param sentence one sentence, which includes the remedy */
export function invalidParameter(sentence: string): AwsError {
  return new AwsError('InvalidParameterValueException', sentence)
}
