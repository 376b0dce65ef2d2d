/** A door with the APIs of apis.ts, and requests to it. */
import { logger, openHttp } from '@weir/service'
import { vi } from 'vitest'
import { ANONYMOUS, parseAccessKeys } from '../access-key-file.ts'
import type { AwsAccess } from '../access-keys.ts'
import { awsDoor } from '../door.ts'
import { signatureHeaders } from '../sigv4/sign.ts'
import { kinesis, lambda, logs, sns, sts, tables } from './apis.ts'

export const CREDENTIALS = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}
export const REGION = 'eu-central-1'
export const account = { region: REGION, accountId: '123456789012' }
/** The body of a request that every client may make. */
export const IDENTITY = 'Action=GetCallerIdentity&Version=2011-06-15'

export interface Told {
  readonly status: number
  readonly type: string | null
  readonly text: string
}

export async function openDoor() {
  const { clients, problems } = parseAccessKeys(
    JSON.stringify([{ ...CREDENTIALS, rights: { sns: ['orders', 'gone'] } }]),
  )
  if (problems.length > 0) throw new Error(problems.join(' '))
  let anonymous: AwsAccess['anonymous']
  const access: AwsAccess = {
    client: (accessKeyId) => clients.get(accessKeyId),
    get anonymous() {
      return anonymous
    },
  }
  const errors = vi.fn()
  const log = logger('test')
  log.level = 'silent'
  const server = await openHttp(
    { host: '127.0.0.1', port: 0 },
    {
      log,
      ready: {},
      routes: async (app) => {
        app.addHook('onRequest', async (request) => {
          request.log.error = errors
        })
        const apis = [kinesis(), tables(), sts(), sns(), lambda(), logs()]
        await app.register(awsDoor({ access, account }, apis))
      },
    },
  )
  const { url } = server.value

  /** @param service of the signature; undefined: not signed */
  async function ask(
    service: string | undefined,
    {
      body = '',
      path = '/',
      method = 'POST',
      type = 'application/x-www-form-urlencoded; charset=utf-8',
      headers = {} as Readonly<Record<string, string>>,
      credentials = CREDENTIALS,
    },
  ): Promise<Told> {
    const target = new URL(`${url}${path}`)
    const all = { ...headers, ...(type === '' ? {} : { 'content-type': type }) }
    const sent =
      service === undefined
        ? all
        : signatureHeaders({ method, url: target, headers: all, body }, credentials, REGION, service)
    const answer = await fetch(target, { method, headers: sent, body: method === 'GET' ? undefined : body })
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() }
  }

  return {
    url,
    access,
    /** Every error that the door logs. */
    errors,
    ask,
    /** The settings of AWS's own clients. */
    config: (credentials = CREDENTIALS) => ({
      endpoint: url,
      region: REGION,
      credentials: { ...credentials },
      maxAttempts: 1,
    }),
    admitUnsigned: (admitted: boolean): void => {
      anonymous = admitted ? ANONYMOUS : undefined
    },
    stop: () => server.stop(1000),
  }
}
