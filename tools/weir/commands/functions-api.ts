/** The enricher's functions over HTTP: Lambda's API, and Weir's own routes beside it. */
import { type IncomingHttpHeaders, request as overHttp } from 'node:http'
import { request as overHttps } from 'node:https'
import { text } from 'node:stream/consumers'
import { signatureHeaders } from '@weir/aws/sigv4/sign.ts'
import { type ConfigReader, readConfig } from '@weir/config'
import { Refused, Unreachable } from '../command.ts'

/** A function as Lambda's API describes it. */
export interface ListedFunction {
  readonly FunctionName: string
  readonly Runtime: string
  readonly Handler: string
  readonly Description: string
  readonly MemorySize: number
  readonly Timeout: number
  readonly Version: string
  /** Undefined if the function is part of a solution. */
  readonly CodeSha256?: string
  readonly LastModified?: string
  /** Absent in lists. */
  readonly State?: string
  readonly LastUpdateStatus?: string
}

export interface RuntimesOffered {
  readonly Runtimes: readonly string[]
  /** One sentence on how the processes of functions are confined, and what is missing. */
  readonly Confinement: string
}

export interface Invoked {
  /** The function's result or error; undefined if it returned nothing. */
  readonly payload: unknown
  /** 'Unhandled', or undefined if the function succeeded. */
  readonly functionError: string | undefined
  /** The end of its output. */
  readonly log: string
}

/** Settings as CreateFunction and UpdateFunctionConfiguration take them. */
export interface Settings {
  readonly Runtime?: string
  readonly Handler?: string
  readonly MemorySize?: number
  readonly Timeout?: number
  readonly Environment?: { readonly Variables: Readonly<Record<string, string>> }
}

export interface FunctionsApi {
  list(): Promise<ListedFunction[]>
  /** Undefined if this client may not see it. */
  runtimes(): Promise<RuntimesOffered | undefined>
  /** @param payload JSON text */
  invoke(name: string, payload: string): Promise<Invoked>
  /** Resolves to the function's output in the replica that answers, oldest first. */
  logs(name: string): Promise<string[]>
  /** Undefined if the function does not exist. */
  get(name: string): Promise<ListedFunction | undefined>
  create(name: string, zip: Buffer, settings: Settings): Promise<ListedFunction>
  updateCode(name: string, zip: Buffer): Promise<ListedFunction>
  updateSettings(name: string, settings: Settings): Promise<ListedFunction>
  /** Resolves to the version's number; the previous number if nothing has changed since. */
  publish(name: string): Promise<string>
  /** Creates the alias, or points it to another version. */
  pointAlias(name: string, alias: string, version: string): Promise<void>
  reserve(name: string, concurrency: number): Promise<void>
  remove(name: string): Promise<void>
}

/** The credentials and the region for signing. */
export interface Signing {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
}

/** Reads the variables that AWS's clients read. */
export const readSigning = (env: Readonly<Record<string, string | undefined>> = process.env): Signing =>
  readConfig(env, (reader: ConfigReader) => ({
    accessKeyId:
      reader.optional(
        'AWS_ACCESS_KEY_ID',
        'The access key that signs requests for functions and the catalogue; test if unset.',
      ) ?? 'test',
    secretAccessKey:
      reader.secret('AWS_SECRET_ACCESS_KEY', 'The secret of that access key; test if unset.') ?? 'test',
    region: reader.string('AWS_REGION', 'The region that requests are signed for.', 'us-east-1'),
  }))

const TIMEOUT = 30_000
/** Longer than any function may take (ms), and than the upload of a 50 MB archive over a slow line. */
const INVOKE_TIMEOUT_MS = 910_000
const UPLOAD_TIMEOUT_MS = 300_000
/** As at AWS, a role must be named. Functions do not have roles here. */
const ROLE = 'arn:aws:iam::000000000000:role/weir'

/** Calls reject with Unreachable if the enricher does not answer, and with Refused if it refuses. */
export function openFunctionsApi(url: string, { region, ...credentials }: Signing): FunctionsApi {
  const ask = async (
    method: string,
    path: string,
    body?: string,
    more: Readonly<Record<string, string>> = {},
    timeout = TIMEOUT,
  ): Promise<Answer> => {
    const target = new URL(`${url}${path}`)
    const headers = signatureHeaders(
      { method, url: target, headers: { 'content-type': 'application/json', ...more }, body },
      credentials,
      region,
      'lambda',
    )
    const answer = await send(target, method, headers, body, timeout).catch(
      (error: NodeJS.ErrnoException) => {
        throw new Unreachable(
          `The enricher at ${url} does not answer (${error.code ?? error.name}); start it or set ENRICHER_URL.`,
        )
      },
    )
    if (answer.status < 300) return answer
    const said = `The enricher answered ${answer.status}: ${problem(answer)}`
    throw answer.status < 500
      ? new RefusedByLambda(said, String(answer.headers['x-amzn-errortype']))
      : new Unreachable(said)
  }
  const call = async <T>(method: string, path: string, input: object, timeout?: number): Promise<T> =>
    JSON.parse((await ask(method, path, JSON.stringify(input), {}, timeout)).body || '{}') as T
  const at = (name: string, rest = ''): string => `/2015-03-31/functions/${encodeURIComponent(name)}${rest}`
  const base64 = (zip: Buffer): string => zip.toString('base64')
  return {
    list: async () => {
      const functions: ListedFunction[] = []
      for (let marker: string | undefined; ; ) {
        const answer = await ask(
          'GET',
          `/2015-03-31/functions${marker === undefined ? '' : `?Marker=${encodeURIComponent(marker)}`}`,
        )
        const page = JSON.parse(answer.body) as { Functions: ListedFunction[]; NextMarker?: string }
        functions.push(...page.Functions)
        if (page.NextMarker === undefined) return functions
        marker = page.NextMarker
      }
    },
    runtimes: () =>
      ask('GET', '/v1/functions/runtimes').then(
        ({ body }) => JSON.parse(body) as RuntimesOffered,
        (error: Error) => {
          if (error instanceof RefusedByLambda) return undefined
          throw error
        },
      ),
    invoke: async (name, payload) => {
      const { body, headers } = await ask(
        'POST',
        at(name, '/invocations'),
        payload,
        { 'x-amz-log-type': 'Tail' },
        INVOKE_TIMEOUT_MS,
      )
      return {
        payload: body === '' ? undefined : (JSON.parse(body) as unknown),
        functionError: headers['x-amz-function-error'] as string | undefined,
        log: Buffer.from(String(headers['x-amz-log-result'] ?? ''), 'base64').toString(),
      }
    },
    logs: async (name) =>
      (await ask('GET', `/v1/functions/${encodeURIComponent(name)}/logs`)).body.split('\n').slice(0, -1),
    get: (name) =>
      ask('GET', at(name, '/configuration')).then(
        ({ body }) => JSON.parse(body) as ListedFunction,
        (error: Error) => {
          if (error instanceof RefusedByLambda && error.code === 'ResourceNotFoundException') return undefined
          throw error
        },
      ),
    create: (name, zip, settings) =>
      call(
        'POST',
        '/2015-03-31/functions',
        { FunctionName: name, Role: ROLE, ...settings, Code: { ZipFile: base64(zip) } },
        UPLOAD_TIMEOUT_MS,
      ),
    updateCode: (name, zip) => call('PUT', at(name, '/code'), { ZipFile: base64(zip) }, UPLOAD_TIMEOUT_MS),
    updateSettings: (name, settings) => call('PUT', at(name, '/configuration'), settings),
    publish: async (name) => (await call<ListedFunction>('POST', at(name, '/versions'), {})).Version,
    pointAlias: async (name, alias, version) => {
      try {
        await call('POST', at(name, '/aliases'), { Name: alias, FunctionVersion: version })
      } catch (error) {
        if (!(error instanceof RefusedByLambda) || error.code !== 'ResourceConflictException') throw error
        await call('PUT', at(name, `/aliases/${encodeURIComponent(alias)}`), {
          FunctionVersion: version,
          RoutingConfig: { AdditionalVersionWeights: {} },
        })
      }
    },
    reserve: async (name, concurrency) => {
      await call('PUT', `/2017-10-31/functions/${encodeURIComponent(name)}/concurrency`, {
        ReservedConcurrentExecutions: concurrency,
      })
    },
    remove: async (name) => {
      await ask('DELETE', at(name))
    },
  }
}

class RefusedByLambda extends Refused {
  /** ResourceNotFoundException */
  readonly code: string

  constructor(message: string, code: string) {
    super(message)
    this.code = code
  }
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Sends a request without fetch, which waits at most five minutes for an answer. */
function send(
  target: URL,
  method: string,
  headers: Readonly<Record<string, string>>,
  body: string | undefined,
  timeout: number,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = (target.protocol === 'https:' ? overHttps : overHttp)(
      target,
      { method, headers, signal: AbortSignal.timeout(timeout) },
      (response) => {
        text(response).then(
          (said) => resolve({ status: response.statusCode!, headers: response.headers, body: said }),
          reject,
        )
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

/** Returns an error response's message. */
function problem({ headers, body }: Answer): string {
  try {
    const { message, Message } = JSON.parse(body) as { message?: string; Message?: string }
    if (message !== undefined || Message !== undefined) return (message ?? Message)!
  } catch {
    // The answer is not from the API.
  }
  return String(headers['x-amzn-errortype'] ?? 'it gave no reason')
}
