/** Checks of mappings against the others, against streams, and against the rights of the caller. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Account, type AwsContext, AwsError, functionArn } from '@weir/aws'
import { TOPIC_PREFIX } from '@weir/streams'
import { type Mapping, targetOf } from '../mappings/mapping.ts'
import type { Mappings } from '../mappings/mappings.ts'
import { eventSource } from '../mappings/sources/sources.ts'
import { invalidParameter } from './names.ts'

/** This replica may not yet know a stream that was just created. */
const STREAM_WAIT_MS = 1000
const STREAM_LOOK_MS = 50

export class MappingChecks {
  readonly #mappings: Mappings
  readonly #account: Account

  constructor(mappings: Mappings, account: Account) {
    this.#mappings = mappings
    this.#account = account
  }

  /** Returns a mapping over whose function the caller has rights. */
  existing(id: string, context: AwsContext): Mapping {
    const mapping = this.#mappings.get(id)
    if (mapping === undefined) throw missing()
    context.authorize(functionArn(this.#account, mapping.functionName))
    return mapping
  }

  /** The ARN or the name of the mapping's source. */
  resourceOf({ source }: Mapping): string {
    return eventSource(source).resource(this.#account)
  }

  /**
   * The creator of a mapping must have rights not only over its function, but over everything that the
   * mapping makes the function read and write.
   */
  authorize(mapping: Mapping, context: AwsContext): void {
    for (const resource of [
      functionArn(this.#account, mapping.functionName),
      this.resourceOf(mapping),
      mapping.output,
      mapping.onFailure?.replace('kafka://', ''),
    ]) {
      if (resource !== undefined) context.authorize(resource)
    }
  }

  /**
   * Two mappings with the same source and function would do everything twice; two in one group would each get
   * only some of the partitions.
   */
  refuseTwins(mapping: Mapping): void {
    for (const other of this.#mappings.all()) {
      if (other.id === mapping.id) continue
      if (other.groupId === mapping.groupId)
        throw conflict(
          `The consumer group ${mapping.groupId} belongs to mapping ${other.id}; choose another one.`,
        )
      if (targetOf(other) === targetOf(mapping) && this.resourceOf(other) === this.resourceOf(mapping)) {
        const remedy = `Please update or delete the existing mapping with UUID ${other.id}`
        const arn = functionArn(this.#account, mapping.functionName)
        const duplicate = eventSource(mapping.source).duplicate(mapping, arn, this.#account)
        throw conflict(`${duplicate} already exists. ${remedy}`)
      }
    }
  }

  /** Throws InvalidParameterValueException if the mapping's stream does not exist. */
  async waitForStream(mapping: Mapping): Promise<void> {
    const deadline = Date.now() + STREAM_WAIT_MS
    while (!this.#mappings.exists(mapping.source)) {
      if (Date.now() > deadline) throw invalidParameter(`Stream not found: ${this.resourceOf(mapping)}`)
      await sleep(STREAM_LOOK_MS)
    }
  }

  /** Records that bypass Kinesis' API would land in shards that do not have their hash keys. */
  refuseStreamTopics({ output, onFailure }: Mapping): void {
    for (const topic of [output, onFailure?.replace('kafka://', '')]) {
      const name = topic?.startsWith(TOPIC_PREFIX) ? topic.slice(TOPIC_PREFIX.length) : undefined
      if (name !== undefined && this.#mappings.stream(name)?.external !== true) {
        throw invalidParameter(
          `The topic ${topic} belongs to a stream, which only the Kinesis API writes; choose another topic.`,
        )
      }
    }
  }
}

function conflict(sentence: string): AwsError {
  return new AwsError('ResourceConflictException', sentence, 409)
}

export function missing(): AwsError {
  return new AwsError('ResourceNotFoundException', 'The resource you requested does not exist.', 404)
}
