/**
 * Contracts in the schema registry: each topic's subject has every published version and the current one,
 * under FULL_TRANSITIVE.
 */
import confluent from '@kafkajs/confluent-schema-registry'
import { registryAddress } from '@weir/codec/registry-address.ts'
import { askRegistry, RegistryRefusal } from '@weir/codec/registry-requests.ts'
import type { AvroSchema } from '@weir/contracts/avro.ts'
import { breaks } from '@weir/contracts/compatibility.ts'
import { publishedVersions, schemaOf } from '@weir/contracts/load.ts'
import { subjectOf, type TopicTable } from '@weir/contracts/topics.ts'

const { COMPATIBILITY, SchemaRegistry, SchemaType } = confluent

/** The registry refuses a contract because it is incompatible with a registered version. */
export class ContractRefused extends Error {
  override readonly name = 'ContractRefused'
  readonly retriable = false
  readonly subject: string

  constructor(subject: string, fields: readonly string[], reason: string) {
    super(`The registry refused ${subject}. ${[...fields, `It answered: ${reason}`].join(' ')}`)
    this.subject = subject
  }
}

export interface RegisteredContract {
  readonly topic: string
  /** The id of the current schema: this version's writers put it before each value. */
  readonly schemaId: number
}

/**
 * Rejects with ContractRefused, or with an Error if the registry does not answer. Running it again changes
 * nothing.
 */
export async function registerContracts(
  registryUrl: string,
  topics: TopicTable,
  log: (line: string) => void = () => {},
): Promise<RegisteredContract[]> {
  const registered: RegisteredContract[] = []
  for (const [name, topic] of Object.entries(topics)) {
    // Older versions first: a registry that lost its data then refuses schemas that are incompatible with
    // them, as before.
    const versions = [...publishedVersions(topic.value).map(({ schema }) => schema), schemaOf(topic)]
    const schemaId = await registerVersions(registryUrl, subjectOf(name), versions)
    registered.push({ topic: name, schemaId })
    log(`${subjectOf(name)} has schema ${schemaId}`)
  }
  return registered
}

/**
 * Registers the versions in order and returns the last one's id. From its first version on, the subject
 * accepts only FULL_TRANSITIVE changes.
 */
export async function registerVersions(
  registryUrl: string,
  subject: string,
  versions: readonly AvroSchema[],
): Promise<number> {
  await requireFullTransitive(registryUrl, subject)
  const { url: host, auth } = registryAddress(registryUrl)
  const registry = new SchemaRegistry({ host, auth, retry: { retries: 2 } })
  let id = 0
  for (const text of new Set(versions.map((schema) => JSON.stringify(schema)))) {
    try {
      ;({ id } = await registry.register(
        { type: SchemaType.AVRO, schema: text },
        { subject, compatibility: COMPATIBILITY.FULL_TRANSITIVE },
      ))
    } catch (error) {
      const { status, message } = error as { status?: number; message: string }
      if (status !== 409 && status !== 422) throw error
      throw new ContractRefused(
        subject,
        await brokenFields(registryUrl, subject, JSON.parse(text)),
        message.replace(/^\S+ - /, ''),
      )
    }
  }
  return id
}

async function requireFullTransitive(registryUrl: string, subject: string): Promise<void> {
  const path = `/config/${encodeURIComponent(subject)}`
  const now = await askRegistry(registryUrl, path).catch((error) =>
    error instanceof RegistryRefusal && error.status === 404 ? {} : Promise.reject(error),
  )
  if (now.compatibilityLevel === COMPATIBILITY.FULL_TRANSITIVE) return
  await askRegistry(registryUrl, path, {
    method: 'PUT',
    body: JSON.stringify({ compatibility: COMPATIBILITY.FULL_TRANSITIVE }),
  }).catch(async (error) => {
    // Apicurio Registry answers 409 to the slower of two clients that set it at once; the other one's value
    // counts.
    if (
      !(error instanceof RegistryRefusal) ||
      error.status !== 409 ||
      (await askRegistry(registryUrl, path)).compatibilityLevel !== COMPATIBILITY.FULL_TRANSITIVE
    )
      throw error
  })
}

/**
 * Registries at best name a place in the schema; our own walk over the same versions names the field and the
 * remedy.
 */
async function brokenFields(registryUrl: string, subject: string, schema: AvroSchema): Promise<string[]> {
  const path = `/subjects/${encodeURIComponent(subject)}/versions`
  const versions: number[] = await askRegistry(registryUrl, path)
  const sentences = await Promise.all(
    versions.map(async (version) => {
      const registered = await askRegistry(registryUrl, `${path}/${version}`)
      return breaks(JSON.parse(registered.schema), schema, `version ${version} in the registry`)
    }),
  )
  return sentences.flat()
}
