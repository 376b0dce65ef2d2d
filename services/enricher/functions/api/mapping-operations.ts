/** The operations on event source mappings. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AwsContext, AwsError, type AwsOperations } from '@weir/aws'
import { TOPIC_PREFIX } from '@weir/streams'
import { type Mapping, targetOf } from '../mappings/mapping.ts'
import { eventSource } from '../mappings/sources/sources.ts'
import type { FunctionService } from '../open.ts'
import {
  changedMapping,
  type FunctionChoice,
  hasSource,
  type MappingChange,
  type NewMapping,
  newMapping,
} from './mapping-input.ts'
import { type AnsweredState, configurationOf } from './mapping-output.ts'
import {
  type Account,
  existing,
  functionArn,
  invalidParameter,
  type NamedFunction,
  namedFunction,
} from './names.ts'
import { type Paging, pageOf } from './paging.ts'
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
/** This replica may not yet know a stream that was just created. */
const STREAM_WAIT_MS = 1000
const STREAM_LOOK_MS = 50

export function mappingOperations(
  { functions, mappings, changeMapping }: FunctionService,
  account: Account,
): AwsOperations {
  const answer = (mapping: Mapping, state: AnsweredState = mappings.state(mapping.id)): object =>
    configurationOf(mapping, state, mappings.lastResult(mapping.id), account)

  const sourceOf = ({ source }: Mapping): string => eventSource(source).resource(account)

  /**
   * The creator of a mapping must have rights not only over its function, but over everything that the
   * mapping makes the function read and write.
   */
  const authorize = (mapping: Mapping, context: AwsContext): void => {
    for (const resource of [
      functionArn(account, mapping.functionName),
      sourceOf(mapping),
      mapping.output,
      mapping.onFailure?.replace('kafka://', ''),
    ]) {
      if (resource !== undefined) context.authorize(resource)
    }
  }

  const found = (id: string, context: AwsContext): Mapping => {
    const mapping = mappings.get(id)
    if (mapping === undefined) throw missing()
    context.authorize(functionArn(account, mapping.functionName))
    return mapping
  }

  /**
   * Two mappings with the same source and function would do everything twice; two in one group would each get
   * only some of the partitions.
   */
  const refuseTwins = (mapping: Mapping): void => {
    for (const other of mappings.all()) {
      if (other.id === mapping.id) continue
      if (other.groupId === mapping.groupId)
        throw conflict(
          `The consumer group ${mapping.groupId} is that of mapping ${other.id}; choose another one.`,
        )
      if (targetOf(other) === targetOf(mapping) && sourceOf(other) === sourceOf(mapping)) {
        const remedy = `Please update or delete the existing mapping with UUID ${other.id}`
        const arn = functionArn(account, mapping.functionName)
        const duplicate = eventSource(mapping.source).duplicate(mapping, arn, account)
        throw conflict(`${duplicate} already exists. ${remedy}`)
      }
    }
  }

  /** Throws InvalidParameterValueException if the function does not exist. */
  const choose = (named: NamedFunction): FunctionChoice => {
    try {
      existing(functions, named)
    } catch (error) {
      const missing = error instanceof AwsError && error.code === 'ResourceNotFoundException'
      throw missing ? invalidParameter('Function does not exist') : error
    }
    return { name: named.name, qualifier: named.qualifier }
  }

  const refuseMissingStream = async (mapping: Mapping): Promise<void> => {
    const deadline = Date.now() + STREAM_WAIT_MS
    while (!mappings.exists(mapping.source)) {
      if (Date.now() > deadline) throw invalidParameter(`Stream not found: ${sourceOf(mapping)}`)
      await sleep(STREAM_LOOK_MS)
    }
  }

  /** Records that bypass Kinesis' API would land in shards that do not have their hash keys. */
  const refuseStreamTopics = ({ output, onFailure }: Mapping): void => {
    for (const topic of [output, onFailure?.replace('kafka://', '')]) {
      const name = topic?.startsWith(TOPIC_PREFIX) ? topic.slice(TOPIC_PREFIX.length) : undefined
      if (name !== undefined && mappings.stream(name)?.external !== true) {
        throw invalidParameter(
          `The topic ${topic} belongs to a stream, written by Kinesis' API only; choose another topic.`,
        )
      }
    }
  }

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
      const mapping = newMapping(randomUUID(), choose(named), input, account, Date.now())
      authorize(mapping, context)
      refuseStreamTopics(mapping)
      await refuseMissingStream(mapping)
      await stored(
        changeMapping(mapping.id, () => {
          refuseTwins(mapping)
          return mapping
        }),
      )
      return answer(mapping, 'Creating')
    },
    GetEventSourceMapping: ({ UUID }: OfMapping, context: AwsContext) => answer(found(UUID, context)),
    ListEventSourceMappings(input: Listing, context: AwsContext) {
      context.authorize('*')
      const named = input.FunctionName === undefined ? undefined : namedFunction(input.FunctionName, account)
      const fitting = mappings
        .all()
        .filter(
          (mapping) =>
            context.may(functionArn(account, mapping.functionName)) &&
            (named === undefined || isOf(mapping, named)) &&
            (input.EventSourceArn === undefined || sourceOf(mapping) === input.EventSourceArn),
        )
      const { items, NextMarker } = pageOf(fitting, ({ id }) => id, input, MAX_LISTED)
      return { EventSourceMappings: items.map((mapping) => answer(mapping)), NextMarker }
    },
    async UpdateEventSourceMapping(
      input: MappingChange & OfMapping & { readonly FunctionName?: string },
      context: AwsContext,
    ) {
      found(input.UUID, context)
      const named = input.FunctionName === undefined ? undefined : namedFunction(input.FunctionName, account)
      if (named !== undefined) context.authorize(named.arn)
      const choice = named && choose(named)
      let next: Mapping
      await change(input.UUID, (current) => {
        next = changedMapping(current, choice, input, Date.now())
        authorize(next, context)
        refuseStreamTopics(next)
        refuseTwins(next)
        return next
      })
      return answer(next!)
    },
    async DeleteEventSourceMapping({ UUID }: OfMapping, context: AwsContext) {
      let last = found(UUID, context)
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

function conflict(sentence: string): AwsError {
  return new AwsError('ResourceConflictException', sentence, 409)
}

function missing(): AwsError {
  return new AwsError('ResourceNotFoundException', 'The resource you requested does not exist.', 404)
}
