/** Requests to the schema registry over Confluent's HTTP interface. */
import { registryAddress } from './registry-address.ts'

const TIMEOUT_MS = 10_000
const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json'
/** Far more than the schemas of one subject take. */
const MAX_ANSWER_BYTES = 16 << 20

/** The registry answered with an error. */
export class RegistryRefusal extends Error {
  override readonly name = 'RegistryRefusal'
  /** HTTP. */
  readonly status: number
  /** The registry's own code: 40401 for an unknown subject. 0 if the answer does not come from a registry. */
  readonly code: number
  /** The registry's reason. */
  readonly reason: string
  readonly retriable: boolean

  constructor(url: string, status: number, body: string) {
    const remedy = status === 401 || status === 403 ? '; check the user and the password in REGISTRY_URL' : ''
    super(`The schema registry answered ${status} to ${url}${remedy}: ${body.slice(0, 300)}`)
    const { error_code: code, message } = parsed(body)
    this.status = status
    this.code = typeof code === 'number' ? code : 0
    this.reason = typeof message === 'string' ? message : body
    this.retriable = status >= 500
  }
}

/**
 * Resolves to the answer's JSON. Rejects with RegistryRefusal, or with an Error if the registry does not answer.
 * @param registryUrl may have a user and a password
 */
export async function askRegistry(registryUrl: string, path: string, init: RequestInit = {}): Promise<any> {
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
  const body = await textOf(response, base)
  if (!response.ok) throw new RegistryRefusal(url, response.status, body)
  return JSON.parse(body)
}

async function textOf(response: Response, base: string): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > MAX_ANSWER_BYTES)
      throw new Error(`The schema registry at ${base} answers with more than ${MAX_ANSWER_BYTES} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length).toString()
}

function parsed(body: string): { readonly error_code?: unknown; readonly message?: unknown } {
  try {
    return Object(JSON.parse(body))
  } catch {
    return {}
  }
}
