/** The operations on event source mappings. */
import { randomUUID } from 'node:crypto'
import { type Account, type AwsContext, AwsError, type AwsOperations, functionArn } from '@weir/aws'
import type { Functions } from '../functions.ts'
import type { Mapping } from '../mappings/mapping.ts'
import type { FunctionService } from '../open.ts'
import { MappingChecks, missing } from './mapping-checks.ts'
import {
  changedMapping,
  type FunctionChoice,
  hasSource,
  type MappingChange,
  type NewMapping,
  newMapping,
} from './mapping-input.ts'
import { type AnsweredState, configurationOf } from './mapping-output.ts'
import { existing, invalidParameter, type NamedFunction, namedFunction } from './names.ts'
import { markedPage, type Paging } from './paging.ts'
import { stored } from './storing.ts'

interface Listing extends Paging {
  readonly EventSourceArn?: string
  readonly FunctionName?: string
}

interface OfMapping {
  readonly UUID: string
}

/** The most mappings of a page (API reference, ListEventSourceMappings). */
const MAX_LISTED = 100

export function mappingOperations(
  { functions, mappings, changeMapping }: FunctionService,
  account: Account,
): AwsOperations {
  const checks = new MappingChecks(mappings, account)
  const answer = (mapping: Mapping, state: AnsweredState = mappings.state(mapping.id)): object =>
    configurationOf(mapping, state, mappings.lastResult(mapping.id), account)

  /** Changes a mapping that was created through the API. */
  const change = (id: string, decide: (current: Mapping) => Mapping | undefined): Promise<void> =>
    stored(
      changeMapping(id, (current) => {
        if (current !== undefined) return decide(current)
        if (mappings.get(id) === undefined) throw missing()
        throw new AwsError(
          'ResourceInUseException',
          `The mapping ${id} belongs to a solution and stays as it is there; change the solution.`,
          400,
        )
      }),
    )

  return {
    async CreateEventSourceMapping(
      input: NewMapping & { readonly FunctionName: string },
      context: AwsContext,
    ) {
      const named = namedFunction(input.FunctionName, account)
      context.authorize(named.arn)
      if (!hasSource(input)) throw invalidParameter('Unrecognized event source.')
      const mapping = newMapping(randomUUID(), choose(functions, named), input, account, Date.now())
      checks.authorize(mapping, context)
      checks.refuseStreamTopics(mapping)
      await checks.waitForStream(mapping)
      await stored(
        changeMapping(mapping.id, () => {
          checks.refuseTwins(mapping)
          return mapping
        }),
      )
      return answer(mapping, 'Creating')
    },
    GetEventSourceMapping: ({ UUID }: OfMapping, context: AwsContext) =>
      answer(checks.existing(UUID, context)),
    ListEventSourceMappings(input: Listing, context: AwsContext) {
      context.authorize('*')
      const named = input.FunctionName === undefined ? undefined : namedFunction(input.FunctionName, account)
      const fits = (mapping: Mapping): boolean =>
        context.may(functionArn(account, mapping.functionName)) &&
        (named === undefined || isOf(mapping, named)) &&
        (input.EventSourceArn === undefined || checks.resourceOf(mapping) === input.EventSourceArn)
      const fitting = mappings.all().filter(fits)
      const { items, NextMarker } = markedPage(fitting, ({ id }) => id, input, MAX_LISTED)
      return { EventSourceMappings: items.map((mapping) => answer(mapping)), NextMarker }
    },
    async UpdateEventSourceMapping(
      input: MappingChange & OfMapping & { readonly FunctionName?: string },
      context: AwsContext,
    ) {
      checks.existing(input.UUID, context)
      const named = input.FunctionName === undefined ? undefined : namedFunction(input.FunctionName, account)
      if (named !== undefined) context.authorize(named.arn)
      const choice = named && choose(functions, named)
      let next: Mapping
      await change(input.UUID, (current) => {
        next = changedMapping(current, choice, input, Date.now())
        checks.authorize(next, context)
        checks.refuseStreamTopics(next)
        checks.refuseTwins(next)
        return next
      })
      return answer(next!)
    },
    async DeleteEventSourceMapping({ UUID }: OfMapping, context: AwsContext) {
      let last = checks.existing(UUID, context)
      await change(UUID, (current) => {
        last = current
        return undefined
      })
      return answer(last, 'Deleting')
    },
  }
}

function isOf({ functionName, asked }: Mapping, { name, qualifier }: NamedFunction): boolean {
  return functionName === name && (qualifier === undefined || asked?.qualifier === qualifier)
}

/** Throws InvalidParameterValueException if the function does not exist. */
function choose(functions: Functions, named: NamedFunction): FunctionChoice {
  try {
    existing(functions, named)
  } catch (error) {
    const missing = error instanceof AwsError && error.code === 'ResourceNotFoundException'
    throw missing ? invalidParameter('Function does not exist') : error
  }
  return { name: named.name, qualifier: named.qualifier }
}
