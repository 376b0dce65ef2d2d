/** Events over a real broker, with real functions in processes of their own. */
import { logger } from '@weir/service'
import { uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type FunctionService, openFunctionService } from '../open.ts'
import { type Backends, openBackends } from '../testing/backends.ts'
import { functionOf, startHost } from '../testing/hosting.ts'

/** Fails the first N attempts for {fail: N}, and takes {ms}; prints which event it took. */
const CODE = `
  const attempts = new Map()
  export const handler = async ({ id, ms = 0, fail = 0 }, context) => {
    const attempt = (attempts.get(id) ?? 0) + 1
    attempts.set(id, attempt)
    await new Promise((resolve) => setTimeout(resolve, ms))
    if (attempt <= fail) throw new Error('attempt ' + attempt)
    console.log('TOOK ' + id + ' ' + context.awsRequestId + ' ' + (context.clientContext?.from ?? ''))
  }`

let backends: Backends['backends']
/** Accepts events, but is not a member of the group that takes them. */
let door: FunctionService
let stop: () => Promise<void>

beforeAll(async () => {
  const opened = await openBackends()
  const { kafka, codec, streams } = opened
  backends = opened.backends
  const log = logger('events-test')
  log.level = 'silent'
  const service = await openFunctionService({
    definitions: [],
    fixed: [],
    folder: '/nowhere',
    account: { region: 'us-east-1', accountId: '000000000000' },
    bootstrapServers: backends.brokers.join(),
    kafka,
    codec,
    streams,
    asyncOptions: { groupId: uniqueName('enricher.invocations.door') },
    log,
  })
  door = service.value
  stop = async () => {
    await service.stop(1000)
    await opened.stop()
  }
})
afterAll(() => stop())

const add = (functionName: string, event: { readonly id: string }, clientContext?: unknown): Promise<void> =>
  door.asyncInvocations.add({
    functionName,
    payload: Buffer.from(JSON.stringify(event)),
    options: { requestId: `request-${event.id}`, clientContext },
    acceptedAt: Date.now(),
  })

const taken = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => {
    const { msg } = JSON.parse(line)
    return typeof msg === 'string' && msg.includes('TOOK ') ? [msg.slice(msg.indexOf('TOOK ') + 5)] : []
  })

test('accepted events survive kill -9', async () => {
  const name = uniqueName('thumbnails').replaceAll('.', '-')
  const options = {
    ...backends,
    definitions: [functionOf(name, CODE, { concurrency: 2 })],
    mappings: [],
    asyncOptions: { groupId: uniqueName('enricher.invocations') },
  }
  const first = await startHost(options)
  const slow = Array.from({ length: 20 }, (_, i) => `slow-${i}`)
  for (const id of slow) await add(name, { id, ms: 300 } as { id: string })
  await expect.poll(() => taken(first.lines).length, { timeout: 20_000 }).toBeGreaterThan(2)
  await first.kill()
  const before = new Set(taken(first.lines).map((line) => line.split(' ')[0]))
  expect(slow.every((id) => before.has(id))).toBe(false)

  const second = await startHost(options)
  onTestFinished(async () => void (await second.stop()))
  const all = (): Set<string> =>
    new Set([...before, ...taken(second.lines).map((line) => line.split(' ')[0])])
  await expect.poll(() => slow.filter((id) => !all().has(id)), { timeout: 30_000 }).toEqual([])
}, 90_000)

test('a failed event is tried again with the same request id, while others pass', async () => {
  const name = uniqueName('mails').replaceAll('.', '-')
  const definitions = [functionOf(name, CODE, { concurrency: 1 })]
  const host = await startHost({
    ...backends,
    definitions,
    mappings: [],
    asyncOptions: { groupId: uniqueName('enricher.invocations'), retryMs: [1500, 100] },
  })
  onTestFinished(async () => void (await host.stop()))
  await add(name, { id: 'twice', fail: 2 } as { id: string }, { from: 'shop' })
  await add(name, { id: 'never', fail: 3 } as { id: string })
  await add(name, { id: 'good' })
  await expect.poll(() => taken(host.lines).length, { timeout: 20_000 }).toBe(2)
  expect(taken(host.lines)).toEqual(['good request-good ', 'twice request-twice shop'])
  await expect
    .poll(
      () =>
        host.lines.some((line) => line.includes('an event was given up') && line.includes('request-never')),
      { timeout: 5000 },
    )
    .toBe(true)
}, 60_000)
