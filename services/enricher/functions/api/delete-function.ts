/** DeleteFunction: the whole function, or one version of it. */
import { type AwsContext, AwsError, type AwsOperations } from '@weir/aws'
import type { Change } from '@weir/control'
import type { DeployedFunction } from '../catalogue.ts'
import { LATEST } from '../entries.ts'
import type { Deploying } from './deploying.ts'
import { invalidParameter } from './names.ts'

export function deleteOperation({ changeable, change }: Deploying): AwsOperations {
  return {
    async DeleteFunction(
      { FunctionName, Qualifier }: { readonly FunctionName: string; readonly Qualifier?: string },
      context: AwsContext,
    ) {
      const { name, arn, qualifier } = await changeable(FunctionName, context, Qualifier)
      if (qualifier === LATEST)
        throw invalidParameter('$LATEST version cannot be deleted without deleting the function.')
      if (qualifier !== undefined && !/^\d+$/.test(qualifier))
        throw invalidParameter('Deletion of aliases is not currently supported.')
      await change(name, (current) =>
        qualifier === undefined ? wholeGone(name, current) : versionGone(name, arn, qualifier, current),
      )
      return { StatusCode: 204 }
    },
  }
}

function wholeGone(name: string, { versions, aliases, events }: DeployedFunction): Change[] {
  return [
    { kind: 'latest', id: name, value: undefined },
    { kind: 'function', id: name, value: undefined },
    ...gone('version', name, versions.keys()),
    ...gone('alias', name, aliases.keys()),
    ...gone('events', name, events.keys()),
  ]
}

/** A version that does not exist is already gone. */
function versionGone(
  name: string,
  arn: string,
  version: string,
  { versions, aliases, events }: DeployedFunction,
): Change[] {
  const pointing = [...aliases.values()].filter(
    (alias) => alias.version === version || Object.hasOwn(alias.weights, version),
  )
  if (pointing.length > 0) {
    const arns = pointing.map(({ alias }) => `${arn}:${alias}`).join(', ')
    throw new AwsError(
      'ResourceConflictException',
      `Version ${version} cannot be deleted: these aliases point to it: ${arns}. Change or delete them first.`,
      409,
    )
  }
  return [
    ...gone('version', name, versions.has(version) ? [version] : []),
    ...gone('events', name, events.has(version) ? [version] : []),
  ]
}

function gone(kind: string, name: string, keys: Iterable<string>): Change[] {
  return [...keys].map((key) => ({ kind, id: `${name}:${key}`, value: undefined }))
}
