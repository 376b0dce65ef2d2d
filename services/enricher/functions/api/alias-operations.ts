/** Aliases: names for one version, or for two versions by weight. */
import { randomUUID } from 'node:crypto'
import { type Account, type AwsContext, AwsError, type AwsOperations, functionArn } from '@weir/aws'
import type { DeployedFunction } from '../catalogue.ts'
import { type Alias, LATEST } from '../entries.ts'
import type { Deploying } from './deploying.ts'
import { existingFunction, invalidParameter, notFound, wholeFunction } from './names.ts'
import { markedPage, type Paging } from './paging.ts'
import { checkRevision } from './storing.ts'

interface AliasInput {
  readonly FunctionName: string
  readonly Name: string
}

interface AliasSettings extends AliasInput {
  readonly FunctionVersion?: string
  readonly Description?: string
  readonly RoutingConfig?: { readonly AdditionalVersionWeights?: Readonly<Record<string, number>> }
  readonly RevisionId?: string
}

/** The most aliases of a page (API reference, ListAliases), and of a function. */
const MAX_LISTED = 50
const MAX_ALIASES = 1000

export function aliasOperations({
  service: { functions },
  account,
  changeableWhole,
  change,
}: Deploying): AwsOperations {
  const arnOf = (name: string, qualifier: string): string => `${functionArn(account, name)}:${qualifier}`

  /** Applies the input to the alias, and checks it against the versions that exist. */
  const changed = (
    before: Alias,
    { versions }: DeployedFunction,
    { FunctionVersion, Description, RoutingConfig }: AliasSettings,
  ): Alias => {
    const weights =
      RoutingConfig === undefined ? before.weights : { ...RoutingConfig.AdditionalVersionWeights }
    const alias = {
      ...before,
      version: FunctionVersion ?? before.version,
      description: Description ?? before.description,
      weights,
      revisionId: randomUUID(),
    }
    checkWeights(alias)
    for (const version of [alias.version, ...Object.keys(weights)]) {
      if (version !== LATEST && !versions.has(version))
        throw notFound(`Function not found: ${arnOf(before.name, version)}`)
    }
    return alias
  }
  const write = (value: Alias) => [{ kind: 'alias', id: `${value.name}:${value.alias}`, value }]

  return {
    async CreateAlias(input: AliasSettings, context: AwsContext) {
      const { name } = await changeableWhole(input.FunctionName, context)
      let made: Alias
      await change(name, (current) => {
        if (current.aliases.has(input.Name))
          throw new AwsError(
            'ResourceConflictException',
            `Alias already exists: ${arnOf(name, input.Name)}`,
            409,
          )
        if (current.aliases.size >= MAX_ALIASES)
          throw invalidParameter(`${name} has ${MAX_ALIASES} aliases; delete some first.`)
        made = changed(
          { name, alias: input.Name, version: LATEST, description: '', weights: {}, revisionId: '' },
          current,
          input,
        )
        return write(made)
      })
      return aliasOf(made!, account)
    },
    async UpdateAlias(input: AliasSettings, context: AwsContext) {
      const { name } = await changeableWhole(input.FunctionName, context)
      let made: Alias
      await change(name, (current) => {
        const before = current.aliases.get(input.Name)
        if (before === undefined) throw notFound(`Alias not found: ${arnOf(name, input.Name)}`)
        checkRevision(input.RevisionId, before.revisionId)
        made = changed(before, current, input)
        return write(made)
      })
      return aliasOf(made!, account)
    },
    async DeleteAlias({ FunctionName, Name }: AliasInput, context: AwsContext) {
      const { name } = await changeableWhole(FunctionName, context)
      await change(name, ({ aliases, events }) => [
        ...(aliases.has(Name) ? [{ kind: 'alias', id: `${name}:${Name}`, value: undefined }] : []),
        ...(events.has(Name) ? [{ kind: 'events', id: `${name}:${Name}`, value: undefined }] : []),
      ])
    },
    GetAlias({ FunctionName, Name }: AliasInput, context: AwsContext) {
      const named = wholeFunction(FunctionName, account)
      context.authorize(named.arn)
      const found = existingFunction(functions, named).aliases.get(Name)
      if (found === undefined) throw notFound(`Cannot find alias arn: ${arnOf(named.name, Name)}`)
      return aliasOf(found, account)
    },
    ListAliases(
      {
        FunctionName,
        FunctionVersion,
        ...paging
      }: Paging & { readonly FunctionName: string; readonly FunctionVersion?: string },
      context: AwsContext,
    ) {
      const named = wholeFunction(FunctionName, account)
      context.authorize(named.arn)
      const all = [...existingFunction(functions, named).aliases.values()].sort((a, b) =>
        a.alias < b.alias ? -1 : 1,
      )
      const fitting = all.filter(
        ({ version }) => FunctionVersion === undefined || version === FunctionVersion,
      )
      const { items, NextMarker } = markedPage(fitting, ({ alias }) => alias, paging, MAX_LISTED)
      return { Aliases: items.map((alias) => aliasOf(alias, account)), NextMarker }
    },
  }
}

function checkWeights({ version, weights }: Alias): void {
  const others = Object.keys(weights)
  if (others.length > 1)
    throw invalidParameter('Number of items in AdditionalVersionWeights cannot be greater than 1')
  if (others.length > 0 && version === LATEST)
    throw invalidParameter('$LATEST is not supported for an alias pointing to more than 1 version')
  if (others.includes(version)) {
    throw invalidParameter(
      `Invalid function version ${version}. Function version ${version} is already included in routing configuration.`,
    )
  }
}

function aliasOf(
  { name, alias, version, description, weights, revisionId }: Alias,
  account: Account,
): object {
  return {
    AliasArn: `${functionArn(account, name)}:${alias}`,
    Name: alias,
    FunctionVersion: version,
    Description: description,
    RevisionId: revisionId,
    RoutingConfig: Object.keys(weights).length === 0 ? undefined : { AdditionalVersionWeights: weights },
  }
}
