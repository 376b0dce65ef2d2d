/** Glue's operations on registries and schemas, over Weir's schema registry. */
import { type AwsContext, AwsError, formatToken, pageOf, parseToken } from '@weir/aws'
import { versionUuid } from '@weir/codec/glue-frame.ts'
import { definitionProblem } from './definitions.ts'
import { invalid, notFound } from './errors.ts'
import type { DataFormat, RegisteredVersion, SchemaRegistry } from './registry.ts'
import {
  isRegistry,
  REGISTRY,
  type RegistryId,
  type SchemaId,
  type SchemaName,
  type SchemaNames,
} from './schema-names.ts'

export interface SchemaDeps {
  readonly names: SchemaNames
  readonly registry: SchemaRegistry
}

export interface PageInput {
  readonly MaxResults?: number
  readonly NextToken?: string
}

interface CreateSchemaInput {
  readonly RegistryId?: RegistryId
  readonly SchemaName: string
  readonly DataFormat: DataFormat
  readonly Compatibility?: string
  readonly SchemaDefinition?: string
}

interface UpdateSchemaInput {
  readonly SchemaId: SchemaId
  readonly Compatibility?: string
  readonly Description?: string
}

/**
 * Glue's modes as the registry has them. There is neither DISABLED nor NONE: Apicurio applies its default to a schema
 * that is set to NONE.
 */
const MODES: Readonly<Record<string, string>> = {
  BACKWARD: 'BACKWARD',
  BACKWARD_ALL: 'BACKWARD_TRANSITIVE',
  FORWARD: 'FORWARD',
  FORWARD_ALL: 'FORWARD_TRANSITIVE',
  FULL: 'FULL',
  FULL_ALL: 'FULL_TRANSITIVE',
}
/** Glue's limit of a page, and its default (API reference, ListSchemas). */
const MAX_LISTED = 100
const LISTED = 25

export function schemaOperations({ names, registry }: SchemaDeps) {
  const own = () => ({ RegistryName: REGISTRY, RegistryArn: names.registryArn })
  const identity = ({ name, arn }: SchemaName) => ({ ...own(), SchemaName: name, SchemaArn: arn })

  return {
    CreateRegistry({ RegistryName: name }: { readonly RegistryName: string }, context: AwsContext) {
      context.authorize(names.registryArn)
      throw isRegistry(name)
        ? new AwsError('AlreadyExistsException', `Registry already exists. RegistryName: ${name}`)
        : invalid(`There is one registry, ${REGISTRY}; further ones cannot be created.`)
    },

    DeleteRegistry(_: unknown, context: AwsContext) {
      context.authorize(names.registryArn)
      throw invalid('The registry has the contracts of all topics, and cannot be deleted.')
    },

    GetRegistry({ RegistryId: id }: { readonly RegistryId: RegistryId }, context: AwsContext) {
      context.authorize(names.registryArn)
      names.requireRegistry(id)
      return { ...own(), Status: 'AVAILABLE' }
    },

    ListRegistries(_: PageInput, context: AwsContext) {
      return { Registries: context.may(names.registryArn) ? [{ ...own(), Status: 'AVAILABLE' }] : [] }
    },

    async CreateSchema(input: CreateSchemaInput, context: AwsContext) {
      names.requireRegistry(input.RegistryId)
      const schema = names.named({ SchemaName: input.SchemaName }, context)
      const { DataFormat: format, Compatibility: mode = 'BACKWARD', SchemaDefinition: definition } = input
      if (await registry.versions(schema.subject))
        throw new AwsError('AlreadyExistsException', `Schema already exists. SchemaArn: ${schema.arn}`)
      if (schema.isContract)
        throw invalid(`${schema.name} is a topic with a contract; register it with \`weir topics apply\`.`)
      if (definition === undefined)
        throw invalid('A schema begins with its first version here; give SchemaDefinition.')
      requireValid(definition, format)
      await registry.setCompatibility(schema.subject, modeOf(mode))
      const id = await registry.register(schema.subject, definition, format)
      return {
        ...identity(schema),
        DataFormat: format,
        Compatibility: mode,
        SchemaCheckpoint: 1,
        LatestSchemaVersion: 1,
        NextSchemaVersion: 2,
        SchemaStatus: 'AVAILABLE',
        SchemaVersionId: versionUuid(id),
        SchemaVersionStatus: 'AVAILABLE',
      }
    },

    async GetSchema({ SchemaId: id }: { readonly SchemaId: SchemaId }, context: AwsContext) {
      const schema = names.named(id, context)
      const { version, format } = await latestOf(registry, schema)
      return {
        ...identity(schema),
        DataFormat: format,
        Compatibility: glueMode(await registry.compatibility(schema.subject)),
        SchemaCheckpoint: 1,
        LatestSchemaVersion: version,
        NextSchemaVersion: version + 1,
        SchemaStatus: 'AVAILABLE',
      }
    },

    async UpdateSchema(input: UpdateSchemaInput, context: AwsContext) {
      const schema = names.named(input.SchemaId, context)
      await latestOf(registry, schema)
      if (input.Compatibility !== undefined) {
        const mode = modeOf(input.Compatibility)
        if (schema.isContract && mode !== MODES.FULL_ALL)
          throw invalid(`The compatibility of ${schema.name} is FULL_ALL, as of every contract of a topic.`)
        await registry.setCompatibility(schema.subject, mode)
      }
      return { RegistryName: REGISTRY, SchemaName: schema.name, SchemaArn: schema.arn }
    },

    async DeleteSchema({ SchemaId: id }: { readonly SchemaId: SchemaId }, context: AwsContext) {
      const { name } = names.named(id, context)
      throw invalid(`${name} cannot be deleted: records may have been written with it.`)
    },

    async ListSchemas(
      {
        RegistryId: id,
        MaxResults: max = LISTED,
        NextToken: token,
      }: PageInput & { readonly RegistryId?: RegistryId },
      context: AwsContext,
    ) {
      names.requireRegistry(id)
      const all = (await registry.subjects())
        .map((subject) => names.ofSubject(subject))
        .filter((schema) => schema !== undefined && context.may(schema.arn)) as SchemaName[]
      all.sort((a, b) => (a.name < b.name ? -1 : 1))
      const { items, next } = page(all, ({ name }) => name, 'schemas', { max, token })
      return {
        Schemas: items.map(({ name, arn }) => ({
          RegistryName: REGISTRY,
          SchemaName: name,
          SchemaArn: arn,
          SchemaStatus: 'AVAILABLE',
        })),
        NextToken: next,
      }
    },
  }
}

/** The newest version of a schema. Rejects with EntityNotFoundException if there is no such schema. */
export async function latestOf(
  registry: SchemaRegistry,
  { name, subject }: SchemaName,
): Promise<RegisteredVersion> {
  const found = await registry.version(subject, 'latest')
  if (found === undefined)
    throw notFound(`Schema is not found. RegistryName: ${REGISTRY}, SchemaName: ${name}.`)
  return found
}

/** Throws InvalidInputException for a text that is not a definition. */
export function requireValid(definition: string, format: DataFormat): void {
  const problem = definitionProblem(definition, format)
  if (problem !== undefined)
    throw invalid(`Schema definition of ${format} data format is invalid: ${problem}`)
}

/** Returns a page of a sorted list. Throws InvalidInputException for a token of another list. */
export function page<T>(
  all: readonly T[],
  keyOf: (item: T) => string,
  list: string,
  { max = LISTED, token }: { readonly max?: number; readonly token?: string },
): { readonly items: readonly T[]; readonly next: string | undefined } {
  const after = token === undefined || token === '' ? undefined : parseToken(token, list, 1)
  if (token && after === undefined) throw invalid('NextToken is not one of this list.')
  const { items, last } = pageOf(all, keyOf, after?.fields[0], Math.min(max, MAX_LISTED))
  return { items, next: last === undefined ? undefined : formatToken(list, last) }
}

function modeOf(glue: string): string {
  if (!Object.hasOwn(MODES, glue))
    throw invalid(`The compatibility ${glue} is not supported: ${Object.keys(MODES).join(', ')} are.`)
  return MODES[glue]
}

const glueMode = (mode: string): string => Object.keys(MODES).find((glue) => MODES[glue] === mode) ?? 'NONE'
