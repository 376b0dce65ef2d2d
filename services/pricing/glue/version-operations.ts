/** Glue's operations on versions of schemas, over Weir's schema registry. */
import type { AwsContext } from '@weir/aws'
import { idOfUuid, versionUuid } from '@weir/codec/glue-frame.ts'
import { definitionProblem, requireCheckable, versionWith } from './definitions.ts'
import { failed, invalid, notFound } from './errors.ts'
import type { DataFormat, RegisteredVersion } from './registry.ts'
import { REGISTRY, type SchemaId, type SchemaName } from './schema-names.ts'
import { latestOf, type PageInput, page, requireValid, type SchemaDeps } from './schema-operations.ts'

interface VersionInput {
  readonly SchemaId?: SchemaId
  readonly SchemaVersionId?: string
  readonly SchemaVersionNumber?: { readonly LatestVersion?: boolean; readonly VersionNumber?: number }
}

interface DefinitionInput {
  readonly SchemaId: SchemaId
  readonly SchemaDefinition: string
}

interface MetadataInput extends VersionInput {
  readonly MetadataKeyValue: { readonly MetadataKey: string; readonly MetadataValue: string }
}

interface Found {
  readonly schema: SchemaName
  readonly version: RegisteredVersion
}

/** The metadata that Glue's serializers write: the name of the topic. */
const TRANSPORT = 'x-amz-meta-transport'

export function versionOperations({ names, registry }: SchemaDeps) {
  /** The version with that UUID, of the schema that has it and that the client may see: contracts of topics first. */
  const byUuid = async (uuid: string, context: AwsContext): Promise<Found> => {
    const id = idOfUuid(uuid)
    const found = (id === undefined ? [] : await registry.placesOf(id))
      .flatMap((place) => {
        const schema = names.ofSubject(place.subject)
        return schema === undefined ? [] : [{ schema, number: place.version }]
      })
      .sort((a, b) => Number(b.schema.isContract) - Number(a.schema.isContract))
    const { schema, number } = found.find((one) => context.may(one.schema.arn)) ?? found[0] ?? {}
    if (schema === undefined) throw notFound(`Schema version is not found. SchemaVersionId: ${uuid}.`)
    context.authorize(schema.arn)
    const definition = await registry.definition(id!)
    if (definition === undefined) throw notFound(`Schema version is not found. SchemaVersionId: ${uuid}.`)
    return { schema, version: { ...definition, id: id!, subject: schema.subject, version: number! } }
  }

  const find = async (input: VersionInput, context: AwsContext): Promise<Found> => {
    const { SchemaId: id, SchemaVersionId: uuid, SchemaVersionNumber: number } = input
    if ((id === undefined) === (uuid === undefined))
      throw invalid('Give either SchemaVersionId, or SchemaId with SchemaVersionNumber.')
    if (uuid !== undefined) return byUuid(uuid, context)
    const schema = names.named(id!, context)
    const latest = await latestOf(registry, schema)
    if (number?.VersionNumber === undefined) return { schema, version: latest }
    if (number.LatestVersion === true) throw invalid('Give either LatestVersion or VersionNumber.')
    const version = await registry.version(schema.subject, number.VersionNumber)
    if (version === undefined)
      throw notFound(
        `Schema version is not found. SchemaName: ${schema.name}, VersionNumber: ${number.VersionNumber}.`,
      )
    return { schema, version }
  }

  return {
    async RegisterSchemaVersion(input: DefinitionInput, context: AwsContext) {
      const schema = names.named(input.SchemaId, context)
      const latest = await latestOf(registry, schema)
      requireValid(input.SchemaDefinition, latest.format)
      const known = await versionWith(registry, latest, input.SchemaDefinition)
      if (known !== undefined) return registered(known)
      const id = await registry.register(schema.subject, input.SchemaDefinition, latest.format)
      const place = (await registry.placesOf(id)).find(({ subject }) => subject === schema.subject)
      if (place === undefined) throw failed(`The registry does not show the new version of ${schema.name}.`)
      return registered({ id, version: place.version })
    },

    async GetSchemaVersion(input: VersionInput, context: AwsContext) {
      const { schema, version } = await find(input, context)
      return {
        SchemaVersionId: versionUuid(version.id),
        SchemaDefinition: version.definition,
        DataFormat: version.format,
        SchemaArn: schema.arn,
        VersionNumber: version.version,
        Status: 'AVAILABLE',
      }
    },

    async GetSchemaByDefinition(input: DefinitionInput, context: AwsContext) {
      const schema = names.named(input.SchemaId, context)
      const version = await versionWith(registry, await latestOf(registry, schema), input.SchemaDefinition)
      if (version === undefined)
        throw notFound(`Schema version is not found. SchemaName: ${schema.name}, SchemaDefinition: as given.`)
      return {
        SchemaVersionId: versionUuid(version.id),
        SchemaArn: schema.arn,
        DataFormat: version.format,
        Status: 'AVAILABLE',
      }
    },

    async ListSchemaVersions(
      { SchemaId: id, MaxResults: max, NextToken: token }: PageInput & { readonly SchemaId: SchemaId },
      context: AwsContext,
    ) {
      const schema = names.named(id, context)
      await latestOf(registry, schema)
      const numbers = ((await registry.versions(schema.subject)) ?? []).map((number) => padded(number))
      const { items, next } = page(numbers, (number) => number, 'schema-versions', { max, token })
      const versions = await Promise.all(
        items.map((number) => registry.version(schema.subject, Number(number))),
      )
      return {
        Schemas: versions
          .filter((version) => version !== undefined)
          .map(({ id, version }) => ({
            SchemaArn: schema.arn,
            SchemaVersionId: versionUuid(id),
            VersionNumber: version,
            Status: 'AVAILABLE',
          })),
        NextToken: next,
      }
    },

    async DeleteSchemaVersions({ SchemaId: id }: { readonly SchemaId: SchemaId }, context: AwsContext) {
      const { name } = names.named(id, context)
      throw invalid(`Versions of ${name} cannot be deleted: records may have been written with them.`)
    },

    CheckSchemaVersionValidity(
      input: { readonly DataFormat: DataFormat; readonly SchemaDefinition: string },
      context: AwsContext,
    ) {
      context.authorize('*')
      requireCheckable(input.DataFormat)
      const problem = definitionProblem(input.SchemaDefinition, input.DataFormat)
      return problem === undefined ? { Valid: true } : { Valid: false, Error: problem }
    },

    async PutSchemaVersionMetadata(input: MetadataInput, context: AwsContext) {
      const { schema, version } = await find(input, context)
      const { MetadataKey, MetadataValue } = input.MetadataKeyValue
      if (MetadataKey !== TRANSPORT)
        throw invalid(`Versions have no metadata here besides ${TRANSPORT}, which is their topic's name.`)
      return {
        SchemaArn: schema.arn,
        SchemaName: schema.name,
        RegistryName: REGISTRY,
        LatestVersion: false,
        VersionNumber: version.version,
        SchemaVersionId: versionUuid(version.id),
        MetadataKey,
        MetadataValue,
      }
    },

    async QuerySchemaVersionMetadata(input: VersionInput, context: AwsContext) {
      const { schema, version } = await find(input, context)
      return {
        MetadataInfoMap: { [TRANSPORT]: { MetadataValue: schema.name } },
        SchemaVersionId: versionUuid(version.id),
      }
    },
  }
}

const registered = ({ id, version }: Pick<RegisteredVersion, 'id' | 'version'>) => ({
  SchemaVersionId: versionUuid(id),
  VersionNumber: version,
  Status: 'AVAILABLE',
})

/** Numbers in their order as texts. */
const padded = (number: number): string => String(number).padStart(10, '0')
