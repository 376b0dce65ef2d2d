/**
 * Contracts in the schema registry: each topic's subject has every published version and the current one,
 * under FULL_TRANSITIVE.
 */
import confluent from '@kafkajs/confluent-schema-registry'
import { registryAddress } from '@weir/codec/registry-address.ts'
import type { AvroSchema } from '@weir/contracts/avro.ts'
import { breaks } from '@weir/contracts/compatibility.ts'
import { publishedVersions, schemaOf } from '@weir/contracts/load.ts'
import { subjectOf, type TopicTable } from '@weir/contracts/topics.ts'

const { COMPATIBILITY, SchemaRegistry, SchemaType } = confluent
const TIMEOUT_MS = 10_000
const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json'

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
  const now = await ask(registryUrl, path).catch((error) =>
    error instanceof AskError && error.status === 404 ? {} : Promise.reject(error),
  )
  if (now.compatibilityLevel === COMPATIBILITY.FULL_TRANSITIVE) return
  await ask(registryUrl, path, {
    method: 'PUT',
    body: JSON.stringify({ compatibility: COMPATIBILITY.FULL_TRANSITIVE }),
  }).catch(async (error) => {
    // Apicurio Registry answers 409 to the slower of two clients that set it at once; the other one's value
    // counts.
    if (
      !(error instanceof AskError) ||
      error.status !== 409 ||
      (await ask(registryUrl, path)).compatibilityLevel !== COMPATIBILITY.FULL_TRANSITIVE
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
  const versions: number[] = await ask(registryUrl, path)
  const sentences = await Promise.all(
    versions.map(async (version) => {
      const registered = await ask(registryUrl, `${path}/${version}`)
      return breaks(JSON.parse(registered.schema), schema, `version ${version} in the registry`)
    }),
  )
  return sentences.flat()
}

class AskError extends Error {
  readonly status: number
  readonly retriable: boolean
  constructor(url: string, status: number, body: string) {
    const remedy = status === 401 || status === 403 ? '; check the user and the password in REGISTRY_URL' : ''
    super(`The schema registry answered ${status} to ${url}${remedy}: ${body.slice(0, 300)}`)
    this.status = status
    this.retriable = status >= 500
  }
}

async function ask(registryUrl: string, path: string, init: RequestInit = {}): Promise<any> {
  const { url: base, headers } = registryAddress(registryUrl)
  const url = `${base}${path}`
  const request = fetch(url, {
    ...init,
    headers: { 'content-type': MEDIA_TYPE, ...headers },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  const response = await request.catch((error: Error & { cause?: { code?: string; message: string } }) => {
    throw new Error(
      `The schema registry at ${base} does not answer (${error.cause?.code ?? error.cause?.message ?? error.message}); check that it runs and that REGISTRY_URL is right.`,
      { cause: error },
    )
  })
  const body = await response.text()
  if (!response.ok) throw new AskError(url, response.status, body)
  return JSON.parse(body)
}
