/** The schema registry, as far as Glue's operations need it. */
import { askRegistry, RegistryRefusal } from '@weir/codec/registry-requests.ts'
import { failed, invalid } from './errors.ts'

export const DATA_FORMATS = ['AVRO', 'JSON', 'PROTOBUF'] as const
export type DataFormat = (typeof DATA_FORMATS)[number]

export interface RegisteredVersion {
  readonly subject: string
  readonly version: number
  /** The registry's id of the definition; other subjects with the same definition have the same. */
  readonly id: number
  readonly definition: string
  readonly format: DataFormat
}

/** A subject and a version of it. */
export interface Place {
  readonly subject: string
  readonly version: number
}

/** Methods reject with Glue's errors: InvalidInputException, and InternalServiceException if there is no answer. */
export class SchemaRegistry {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  async subjects(): Promise<readonly string[]> {
    return this.#must('/subjects')
  }

  /** The numbers of the subject's versions, oldest first; undefined if there is no such subject. */
  async versions(subject: string): Promise<readonly number[] | undefined> {
    return this.#ask(`${path(subject)}/versions`)
  }

  async version(subject: string, version: number | 'latest'): Promise<RegisteredVersion | undefined> {
    const found = await this.#ask(`${path(subject)}/versions/${version}`)
    return found && versionOf(found)
  }

  /** The version of the subject with exactly this definition. */
  async find(subject: string, definition: string): Promise<Place | undefined> {
    return this.#ask(path(subject), { method: 'POST', body: JSON.stringify({ schema: definition }) })
  }

  /** Resolves to the id. Rejects with InvalidInputException for a definition that the registry refuses. */
  async register(subject: string, definition: string, format: DataFormat): Promise<number> {
    const body = JSON.stringify({ schema: definition, schemaType: format })
    return (await this.#must(`${path(subject)}/versions`, { method: 'POST', body })).id
  }

  /** The definition with that id; undefined if there is none. */
  async definition(id: number): Promise<Pick<RegisteredVersion, 'definition' | 'format'> | undefined> {
    const found = await this.#ask(`/schemas/ids/${id}`)
    return found && { definition: found.schema, format: found.schemaType ?? 'AVRO' }
  }

  /** The versions of subjects with the definition of that id, in the order of their subjects. */
  async placesOf(id: number): Promise<readonly Place[]> {
    const found: Place[] = (await this.#ask(`/schemas/ids/${id}/versions`)) ?? []
    return found.toSorted((a, b) => (a.subject < b.subject ? -1 : 1))
  }

  /** The mode of the subject, or the default. Apicurio answers NONE for a subject that has the default. */
  async compatibility(subject: string): Promise<string> {
    const own = (await this.#ask(`/config/${encodeURIComponent(subject)}`))?.compatibilityLevel ?? 'NONE'
    return own === 'NONE' ? (await this.#must('/config')).compatibilityLevel : own
  }

  async setCompatibility(subject: string, compatibility: string): Promise<void> {
    const body = JSON.stringify({ compatibility })
    await this.#must(`/config/${encodeURIComponent(subject)}`, { method: 'PUT', body })
  }

  /** Resolves to undefined if the registry does not have what is asked for. */
  async #ask(path: string, init?: RequestInit): Promise<any> {
    return askRegistry(this.#url, path, init).catch((error: unknown) => {
      if (error instanceof RegistryRefusal && error.status === 404 && error.code !== 0) return undefined
      throw glueError(error)
    })
  }

  async #must(path: string, init?: RequestInit): Promise<any> {
    return askRegistry(this.#url, path, init).catch((error: unknown) => {
      throw glueError(error)
    })
  }
}

const path = (subject: string): string => `/subjects/${encodeURIComponent(subject)}`

function versionOf({ subject, version, id, schema, schemaType = 'AVRO' }: any): RegisteredVersion {
  return { subject, version, id, definition: schema, format: schemaType }
}

function glueError(error: unknown): unknown {
  if (!(error instanceof RegistryRefusal)) return failed((error as Error).message)
  const isVerdict = error.code !== 0 && (error.status === 409 || error.status === 422)
  return isVerdict ? invalid(`The schema registry refused it: ${error.reason}`) : failed(error.message)
}
