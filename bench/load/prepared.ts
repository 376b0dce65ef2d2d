/** Repeats requests of AWS's clients that were signed once: a load that spends no time on signing. */
import { Agent, request } from 'node:http'

export interface Prepared {
  readonly headers: Record<string, string>
  readonly body: Buffer
}

export interface Load {
  readonly url: URL
  /** The number of requests. */
  readonly batches: number
  /** The records of a request. */
  readonly size: number
  /** How many requests are under way at a time. */
  readonly concurrency: number
}

/** Requests that differ in their records. */
const DIFFERENT = 20

/** Reads PUT_URL, PUT_BATCHES, PUT_SIZE and PUT_CONCURRENCY. */
export const load: Load = {
  url: new URL(process.env.PUT_URL!),
  batches: Number(process.env.PUT_BATCHES),
  size: Number(process.env.PUT_SIZE),
  concurrency: Number(process.env.PUT_CONCURRENCY),
}

/** The data of a request's records, 200 bytes each. */
export const dataOf = (number: number): Buffer[] =>
  Array.from({ length: load.size }, (_, i) => Buffer.alloc(200, `record ${number}/${i} `))

/**
 * Sends the requests.
 * @param send sends the command of that number with AWS's client
 * @param good is in every answer if all records are stored
 */
export async function run(
  commandOf: (number: number) => { readonly middlewareStack: any },
  send: (command: any) => Promise<unknown>,
  good: string,
): Promise<void> {
  const prepared = await Promise.all(
    Array.from({ length: DIFFERENT }, (_, number) => prepare(commandOf(number), send)),
  )
  const agent = new Agent({ keepAlive: true, maxSockets: load.concurrency })
  let next = 0
  await Promise.all(
    Array.from({ length: load.concurrency }, async () => {
      while (next < load.batches) await put(prepared[next++ % prepared.length], agent, good)
    }),
  )
  agent.destroy()
}

/** Prepares the signed request that the SDK would send, without sending it. */
async function prepare(
  command: { readonly middlewareStack: any },
  send: (command: any) => Promise<unknown>,
): Promise<Prepared> {
  let prepared: Prepared | undefined
  command.middlewareStack.add(
    () => async (args: any) => {
      prepared = { headers: args.request.headers, body: Buffer.from(Uint8Array.from(args.request.body)) }
      throw new Error('prepared')
    },
    { step: 'deserialize', priority: 'low' },
  )
  await send(command).catch((error: Error) => {
    if (prepared === undefined) throw error
  })
  return prepared!
}

function put({ headers, body }: Prepared, agent: Agent, good: string): Promise<void> {
  const { url } = load
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: url.hostname,
        port: url.port,
        path: '/',
        method: 'POST',
        agent,
        headers: { ...headers, 'content-length': body.length },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk
        })
        response.once('end', () =>
          response.statusCode === 200 && text.includes(good)
            ? resolve()
            : reject(new Error(`${url} answered ${response.statusCode}: ${text.slice(0, 300)}`)),
        )
      },
    )
    sent.once('error', reject)
    sent.end(body)
  })
}
