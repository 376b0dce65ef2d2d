/** The operations on event source mappings. */
import { randomUUID } from 'node:crypto'
import { AwsError, type AwsContext, type AwsOperations } from '@weir/aws'
import type { Mapping } from '../mappings/mapping.ts'
import type { FunctionService } from '../open.ts'
import { changedMapping, newMapping, type MappingChange, type NewMapping } from './mapping-input.ts'
import { configurationOf, type AnsweredState } from './mapping-output.ts'
import { existing, functionArn, namedFunction, streamArn, type Account } from './names.ts'
import { pageOf, type Paging } from './paging.ts'
import { stored } from './storing.ts'

interface Listing extends Paging {
  readonly EventSourceArn?: string
  readonly FunctionName?: string
}

interface OfMapping {
  readonly UUID: string
}

/** Mappings of a page (API reference, ListEventSourceMappings). */
const MOST_LISTED = 100

export function mappingOperations({ functions, mappings, changeMapping }: FunctionService, account: Account): AwsOperations {
  const answer = (mapping: Mapping, state: AnsweredState = mappings.state(mapping.id)): object =>
    configurationOf(mapping, state, mappings.lastResult(mapping.id) || 'No records processed', account)

  const sourceArn = ({ source }: Mapping): string => (source.kind === 'kinesis' ? streamArn(account, source.stream) : source.topic)

  /** Whoever makes a mapping must have rights not only over its function, but over all that it makes the function read and write. */
  const authorize = (mapping: Mapping, context: AwsContext): void => {
    for (const resource of [functionArn(account, mapping.functionName), sourceArn(mapping), mapping.output, mapping.onFailure?.replace('kafka://', '')]) {
      if (resource !== undefined) context.authorize(resource)
    }
  }

  const found = (id: string, context: AwsContext): Mapping => {
    const mapping = mappings.get(id)
    if (mapping === undefined) throw missing()
    context.authorize(functionArn(account, mapping.functionName))
    return mapping
  }

  /** Two mappings with the same source and function would do everything twice; two in a group would each have some partitions only. */
  const refuseTwins = (mapping: Mapping): void => {
    for (const other of mappings.all()) {
      if (other.id === mapping.id) continue
      if (other.groupId === mapping.groupId) throw conflict(`The consumer group ${mapping.groupId} is that of mapping ${other.id}; choose another one.`)
      if (other.functionName === mapping.functionName && sourceArn(other) === sourceArn(mapping)) {
        throw conflict(`The event source arn (" ${sourceArn(mapping)} ") and function (" ${mapping.functionName} ") provided mapping already exists. `
          + `Please update or delete the existing mapping with UUID ${other.id}`)
      }
    }
  }

  /** Decides on a mapping that the API has made. */
  const change = (id: string, decide: (current: Mapping) => Mapping | undefined): Promise<void> => stored(changeMapping(id, (current) => {
    if (current !== undefined) return decide(current)
    if (mappings.get(id) === undefined) throw missing()
    throw new AwsError('ResourceInUseException', `The mapping ${id} belongs to a solution and stays as it is there; change the solution.`, 400)
  }))

  return {
    async CreateEventSourceMapping(input: NewMapping & { readonly FunctionName: string }, context: AwsContext) {
      const named = namedFunction(input.FunctionName, account)
      context.authorize(named.arn)
      existing(functions, named)
      const mapping = newMapping(randomUUID(), named.qualified, input, account, Date.now())
      authorize(mapping, context)
      await stored(changeMapping(mapping.id, () => {
        refuseTwins(mapping)
        return mapping
      }))
      return answer(mapping, 'Creating')
    },
    GetEventSourceMapping: ({ UUID }: OfMapping, context: AwsContext) => answer(found(UUID, context)),
    ListEventSourceMappings(input: Listing, context: AwsContext) {
      context.authorize('*')
      const name = input.FunctionName === undefined ? undefined : namedFunction(input.FunctionName, account).qualified
      const fitting = mappings.all().filter((mapping) => context.may(functionArn(account, mapping.functionName)) && (name === undefined || mapping.functionName === name)
        && (input.EventSourceArn === undefined || sourceArn(mapping) === input.EventSourceArn))
      const { items, NextMarker } = pageOf(fitting, ({ id }) => id, input, MOST_LISTED)
      return { EventSourceMappings: items.map((mapping) => answer(mapping)), NextMarker }
    },
    async UpdateEventSourceMapping(input: MappingChange & OfMapping & { readonly FunctionName?: string }, context: AwsContext) {
      found(input.UUID, context)
      const named = input.FunctionName === undefined ? undefined : namedFunction(input.FunctionName, account)
      if (named !== undefined) {
        context.authorize(named.arn)
        existing(functions, named)
      }
      let next: Mapping
      await change(input.UUID, (current) => {
        next = changedMapping(current, named?.qualified ?? current.functionName, input, Date.now())
        authorize(next, context)
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

function conflict(sentence: string): AwsError {
  return new AwsError('ResourceConflictException', sentence, 409)
}

function missing(): AwsError {
  return new AwsError('ResourceNotFoundException', 'The resource you requested does not exist.', 404)
}
