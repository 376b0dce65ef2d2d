/**
 * Glue's names of schemas, and subjects of the registry. A schema is a subject of the same name. Glue's serializers
 * name a schema like its topic, and Confluent's TOPIC-value; for topics with contracts, both are the contract's.
 */
import { type Account, type AwsContext, glueArn, parseArn } from '@weir/aws'
import { subjectOf, type TopicTable } from '@weir/contracts/topics.ts'
import { invalid, notFound } from './errors.ts'

export const REGISTRY = 'weir'
/** The registry of clients that do not name one. */
const DEFAULT_REGISTRY = 'default-registry'
/** Glue API reference, SchemaRegistryNameString. Subjects with other names are not shown. */
const SCHEMA_NAME = /^[a-zA-Z0-9-_$#.]{1,255}$/

export interface RegistryId {
  readonly RegistryName?: string
  readonly RegistryArn?: string
}

export interface SchemaId {
  readonly SchemaArn?: string
  readonly SchemaName?: string
  readonly RegistryName?: string
}

export interface SchemaName {
  readonly name: string
  readonly subject: string
  readonly arn: string
  /** Whether it is the contract of a topic, which has to stay FULL_TRANSITIVE. */
  readonly isContract: boolean
}

export class SchemaNames {
  readonly registryArn: string
  readonly #account: Account
  readonly #topics: TopicTable
  /** Topics by the subjects of their contracts. */
  readonly #bySubject: ReadonlyMap<string, string>

  constructor(account: Account, topics: TopicTable) {
    this.#account = account
    this.#topics = topics
    this.#bySubject = new Map(Object.keys(topics).map((topic) => [subjectOf(topic), topic]))
    this.registryArn = glueArn(account, `registry/${REGISTRY}`)
  }

  /** Returns undefined for a subject that cannot be the name of a schema. */
  ofSubject(subject: string): SchemaName | undefined {
    const topic = this.#bySubject.get(subject)
    const name = topic ?? subject
    if (!SCHEMA_NAME.test(name)) return undefined
    const arn = glueArn(this.#account, `schema/${REGISTRY}/${name}`)
    return { name, subject, arn, isContract: topic !== undefined }
  }

  /** Throws for another registry, and unless the client may do the operation on the schema. */
  named(
    { SchemaArn: arn, SchemaName: given, RegistryName: registry }: SchemaId,
    context: AwsContext,
  ): SchemaName {
    if (arn !== undefined && given !== undefined) throw invalid('Name the schema by its name or by its ARN.')
    const named = arn === undefined ? { name: given, registry } : this.#inArn(arn)
    if (named.name === undefined) throw invalid('SchemaName or SchemaArn is required.')
    this.requireRegistry({ RegistryName: named.registry })
    const { name } = named
    const schema = this.ofSubject(Object.hasOwn(this.#topics, name) ? subjectOf(name) : name)
    if (schema === undefined) throw invalid(`${name} is not the name of a schema.`)
    context.authorize(schema.arn)
    return schema
  }

  requireRegistry({ RegistryName: name, RegistryArn: arn }: RegistryId = {}): void {
    const isOurs =
      arn === undefined
        ? name === undefined || isRegistry(name)
        : isRegistry(this.#resourceOf(arn)?.replace(/^registry\//, ''))
    if (!isOurs)
      throw notFound(
        `Registry is not found. RegistryName: ${name}, RegistryArn: ${arn}. There is one registry, ${REGISTRY}.`,
      )
  }

  #inArn(arn: string): { readonly name: string | undefined; readonly registry: string | undefined } {
    const [, registry, name] = /^schema\/([^/]+)\/([^/]+)$/.exec(this.#resourceOf(arn) ?? '') ?? []
    if (name === undefined) throw invalid(`${arn.slice(0, 300)} is not the ARN of a schema of this account.`)
    return { name, registry }
  }

  /** Returns the resource of an ARN of Glue in this account and region. */
  #resourceOf(arn: string): string | undefined {
    const resource = parseArn(arn)?.resource
    return resource !== undefined && glueArn(this.#account, resource) === arn ? resource : undefined
  }
}

/** Whether the name is that of the one registry. */
export const isRegistry = (name: string | undefined): boolean =>
  name === REGISTRY || name === DEFAULT_REGISTRY
