/** Retries, age and destinations of a function's events: PutFunctionEventInvokeConfig and its neighbours. */
import { type Account, type AwsContext, AwsError, type AwsOperations, functionArn, parseArn } from '@weir/aws'
import { functionOfArn } from '../async/async-destinations.ts'
import type { DeployedFunction } from '../catalogue.ts'
import { destinationTopic } from '../destinations.ts'
import { type EventConfig, LATEST } from '../entries.ts'
import type { Functions } from '../functions.ts'
import type { Deploying } from './deploying.ts'
import { checkTopic } from './mapping-input.ts'
import { invalidParameter, namedFunction, notFound } from './names.ts'
import { markedPage, type Paging } from './paging.ts'

interface ConfigInput {
  readonly FunctionName: string
  readonly Qualifier?: string
}

interface ConfigSettings extends ConfigInput {
  readonly MaximumRetryAttempts?: number
  readonly MaximumEventAgeInSeconds?: number
  readonly DestinationConfig?: {
    readonly OnSuccess?: { readonly Destination?: string }
    readonly OnFailure?: { readonly Destination?: string }
  }
}

/** The most configurations of a page (API reference, ListFunctionEventInvokeConfigs). */
const MAX_LISTED = 50

export function eventConfigOperations({
  service: { functions },
  account,
  changeable,
  change,
}: Deploying): AwsOperations {
  /** Replaces the configuration by the one that `decide` returns; undefined removes it. */
  const write = async (
    input: ConfigSettings,
    context: AwsContext,
    decide: (before: EventConfig | undefined, arn: string) => EventConfig | undefined,
  ): Promise<EventConfig | undefined> => {
    const { name, qualifier = LATEST } = await changeable(input.FunctionName, context, input.Qualifier).catch(
      (error: unknown) => {
        throw isMissing(error) ? notFound("The function doesn't exist.") : error
      },
    )
    for (const url of destinationsOf(input)) {
      checkDestination(url, name, input, functions)
      context.authorize(url.replace('kafka://', ''))
    }
    let made: EventConfig | undefined
    await change(name, (current) => {
      if (!hasQualifier(current, qualifier)) throw notFound("The function doesn't exist.")
      made = decide(current.events.get(qualifier), `${functionArn(account, name)}:${qualifier}`)
      return [{ kind: 'events', id: `${name}:${qualifier}`, value: made }]
    })
    return made
  }

  const found = (input: ConfigInput, context: AwsContext): EventConfig => {
    const {
      arn,
      name,
      here,
      qualifier = LATEST,
    } = namedFunction(input.FunctionName, account, input.Qualifier)
    context.authorize(arn)
    const config = here ? functions.find(name)?.events.get(qualifier) : undefined
    if (config === undefined) throw hasNone(`${arn}:${qualifier}`)
    return config
  }

  return {
    async PutFunctionEventInvokeConfig(input: ConfigSettings, context: AwsContext) {
      checkSomething(input)
      const { name, qualifier = LATEST } = namedFunction(input.FunctionName, account, input.Qualifier)
      return answerOf(
        (await write(input, context, () => ({
          name,
          qualifier,
          ...settingsOf(input),
          modifiedAt: Date.now(),
        })))!,
        account,
      )
    },
    async UpdateFunctionEventInvokeConfig(input: ConfigSettings, context: AwsContext) {
      checkSomething(input)
      return answerOf(
        (await write(input, context, (before, arn) => {
          if (before === undefined) throw hasNone(arn)
          return { ...before, ...settingsOf(input), modifiedAt: Date.now() }
        }))!,
        account,
      )
    },
    GetFunctionEventInvokeConfig: (input: ConfigInput, context: AwsContext) =>
      answerOf(found(input, context), account),
    async DeleteFunctionEventInvokeConfig({ FunctionName, Qualifier }: ConfigInput, context: AwsContext) {
      found({ FunctionName, Qualifier }, context)
      await write({ FunctionName, Qualifier }, context, (before, arn) => {
        if (before === undefined) throw hasNone(arn)
        return undefined
      })
    },
    ListFunctionEventInvokeConfigs(
      { FunctionName, ...paging }: Paging & { readonly FunctionName: string },
      context: AwsContext,
    ) {
      const named = namedFunction(FunctionName, account)
      context.authorize(named.arn)
      const current = named.here ? functions.find(named.name) : undefined
      if (current === undefined) throw notFound("The function doesn't exist.")
      const all = [...current.events.values()].sort((a, b) => (a.qualifier < b.qualifier ? -1 : 1))
      const { items, NextMarker } = markedPage(all, ({ qualifier }) => qualifier, paging, MAX_LISTED)
      return { FunctionEventInvokeConfigs: items.map((config) => answerOf(config, account)), NextMarker }
    },
  }
}

function checkSomething({
  MaximumRetryAttempts,
  MaximumEventAgeInSeconds,
  DestinationConfig,
}: ConfigSettings): void {
  if (
    MaximumRetryAttempts === undefined &&
    MaximumEventAgeInSeconds === undefined &&
    DestinationConfig === undefined
  ) {
    throw invalidParameter('You must specify at least one of error handling or destination setting.')
  }
}

/** The settings that are given, and no others. An empty destination removes one. */
function settingsOf({
  MaximumRetryAttempts,
  MaximumEventAgeInSeconds,
  DestinationConfig,
}: ConfigSettings): Partial<EventConfig> {
  return {
    ...(MaximumRetryAttempts !== undefined && { maxRetries: MaximumRetryAttempts }),
    ...(MaximumEventAgeInSeconds !== undefined && { maxAgeSeconds: MaximumEventAgeInSeconds }),
    ...(DestinationConfig !== undefined && {
      onSuccess: DestinationConfig.OnSuccess?.Destination || undefined,
      onFailure: DestinationConfig.OnFailure?.Destination || undefined,
    }),
  }
}

function destinationsOf({ DestinationConfig }: ConfigSettings): string[] {
  return [DestinationConfig?.OnSuccess?.Destination, DestinationConfig?.OnFailure?.Destination].filter(
    (url): url is string => url !== undefined && url !== '',
  )
}

function checkDestination(
  url: string,
  name: string,
  { DestinationConfig }: ConfigSettings,
  functions: Functions,
): void {
  const target = functionOfArn(url)
  if (target !== undefined) {
    if (functions.get(target) === undefined) throw invalidParameter(`The destination ARN ${url} is invalid.`)
    if (target.split(':')[0] === name)
      throw invalidParameter("You can't specify the function as a destination for itself.")
    return
  }
  let topic: string | undefined
  try {
    topic = destinationTopic(url)
  } catch {
    const { OnSuccess, OnFailure } = DestinationConfig!
    const shown = (kind: string, one: { readonly Destination?: string } | undefined): string =>
      one?.Destination ? `${kind}(destination=${one.Destination})` : 'null'
    throw invalidParameter(
      `The provided destination config DestinationConfig(onSuccess=${shown('OnSuccess', OnSuccess)}, onFailure=${shown('OnFailure', OnFailure)}) ` +
        'is invalid.',
    )
  }
  if (topic !== undefined) checkTopic(topic, `The destination ${url}`, 'kafka://TOPIC')
  if (parseArn(url)?.service === 's3' && DestinationConfig?.OnSuccess?.Destination === url)
    throw invalidParameter(`${url} is a bucket; buckets are for OnFailure only.`)
}

function hasQualifier({ versions, aliases }: DeployedFunction, qualifier: string): boolean {
  return qualifier === LATEST || versions.has(qualifier) || aliases.has(qualifier)
}

function isMissing(error: unknown): boolean {
  return (
    error instanceof AwsError &&
    error.code === 'ResourceNotFoundException' &&
    error.message.startsWith('Function not found')
  )
}

function hasNone(arn: string): AwsError {
  return notFound(`The function ${arn} doesn't have an EventInvokeConfig`)
}

function answerOf(
  { name, qualifier, maxRetries, maxAgeSeconds, onSuccess, onFailure, modifiedAt }: EventConfig,
  account: Account,
): object {
  return {
    FunctionArn: `${functionArn(account, name)}:${qualifier}`,
    LastModified: new Date(modifiedAt),
    MaximumRetryAttempts: maxRetries,
    MaximumEventAgeInSeconds: maxAgeSeconds,
    DestinationConfig: { OnSuccess: { Destination: onSuccess }, OnFailure: { Destination: onFailure } },
  }
}
