/** Definitions of schemas in Glue's data formats. */
import { avroProblem, canonicalAvro } from '@weir/codec/definitions.ts'
import { invalid } from './errors.ts'
import type { DataFormat, Place, RegisteredVersion, SchemaRegistry } from './registry.ts'

/** A definition is compared with the newest versions of its schema, no more than these. */
const MAX_COMPARED = 50

/** Returns why the text is not a definition of that format, as far as this can be said without the registry. */
export function definitionProblem(definition: string, format: DataFormat): string | undefined {
  if (format === 'AVRO') return avroProblem(definition)
  if (format === 'PROTOBUF') return undefined
  try {
    const schema: unknown = JSON.parse(definition)
    return typeof schema === 'boolean' || (typeof schema === 'object' && schema !== null)
      ? undefined
      : 'A JSON schema is an object.'
  } catch (error) {
    return (error as Error).message.slice(0, 300)
  }
}

/**
 * The version of the subject with that definition. Definitions of Avro are the same if they differ in form only:
 * Java's serializers write them in their own.
 */
export async function versionWith(
  registry: SchemaRegistry,
  latest: RegisteredVersion,
  definition: string,
): Promise<RegisteredVersion | undefined> {
  const { subject, format } = latest
  const same: Place | undefined = await registry.find(subject, definition)
  if (same !== undefined) return registry.version(subject, same.version)
  const wanted = format === 'AVRO' ? canonicalAvro(definition) : undefined
  if (wanted === undefined) return undefined
  if (canonicalAvro(latest.definition) === wanted) return latest
  const versions = ((await registry.versions(subject)) ?? []).slice(-MAX_COMPARED, -1)
  for (const number of versions.reverse()) {
    const version = await registry.version(subject, number)
    if (version !== undefined && canonicalAvro(version.definition) === wanted) return version
  }
  return undefined
}

/** Throws unless definitions of that format can be checked. */
export function requireCheckable(format: DataFormat): void {
  if (format === 'PROTOBUF')
    throw invalid('Definitions of PROTOBUF are checked when they are registered, not before.')
}
