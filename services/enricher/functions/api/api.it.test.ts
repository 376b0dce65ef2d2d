/** The API with the real client of AWS for JavaScript, over functions and mappings on a real broker. */
import { setTimeout as sleep } from 'node:timers/promises'
import { InvokeCommand, ListFunctionsCommand } from '@aws-sdk/client-lambda'
import { describe, expect, test } from 'vitest'
import { LIMITED, openApi, textOf } from '../testing/api.ts'
import './deployment.suite.ts'
import './function-settings.suite.ts'
import './mapping-operations.suite.ts'
import './refused-functions.suite.ts'
import './refused-mappings.suite.ts'
import './versions.suite.ts'

const { run, fixed, clientFor, invoke, ask, deploy } = await openApi()

describe('an invocation', () => {
  test('is answered for a name, a partial ARN and a whole ARN', async () => {
    const ClientContext = Buffer.from('{"custom":{"a":1}}').toString('base64')
    const answer = await invoke({ FunctionName: fixed.name, ClientContext, Payload: { hello: 'ü' } })
    expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST' })
    expect(answer.FunctionError).toBeUndefined()
    expect(JSON.parse(textOf(answer))).toMatchObject({
      event: { hello: 'ü' },
      requestId: answer.$metadata.requestId,
      client: { custom: { a: 1 } },
    })
    for (const FunctionName of [
      `arn:aws:lambda:us-east-1:000000000000:function:${fixed.name}`,
      `000000000000:function:${fixed.name}`,
      `${fixed.name}:$LATEST`,
    ]) {
      expect(JSON.parse(textOf(await invoke({ FunctionName })))).toMatchObject({ event: {} })
    }
  })

  test('reports errors of the function', async () => {
    const handled = await invoke({ FunctionName: fixed.name, Payload: { fail: 'no luck' } })
    expect(handled).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled' })
    expect(JSON.parse(textOf(handled))).toMatchObject({ errorType: 'TypeError', errorMessage: 'no luck' })
    const exited = await invoke({ FunctionName: fixed.name, Payload: { exit: true } })
    expect(exited).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled' })
    expect(JSON.parse(textOf(exited))).toMatchObject({ errorType: 'Runtime.ExitError' })
  })

  test('returns the tail of the log if it asks for it', async () => {
    const { LogResult } = await invoke({ FunctionName: fixed.name, LogType: 'Tail', Payload: { log: 100 } })
    const tail = Buffer.from(LogResult!, 'base64').toString()
    expect(tail.length).toBeLessThanOrEqual(4096)
    expect(tail).toContain('line 99')
    expect(tail).toContain('REPORT RequestId')
    expect((await invoke({ FunctionName: fixed.name, Payload: {} })).LogResult).toBeUndefined()
    const logs = await ask('GET', `/v1/functions/${fixed.name}/logs`)
    expect(logs.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(await logs.text()).toContain('line 99')
  })

  test('the API lists the runtimes and the confinement of functions', async () => {
    const { Runtimes, Confinement } = (await (await ask('GET', '/v1/functions/runtimes')).json()) as {
      Runtimes: string[]
      Confinement: string
    }
    expect(Runtimes).toContain('nodejs24.x')
    expect(Runtimes.every((name) => name.startsWith('nodejs'))).toBe(true)
    expect(Confinement).toMatch(/namespaces/)
  })

  test('can be a dry run or an event', async () => {
    expect((await invoke({ FunctionName: fixed.name, InvocationType: 'DryRun' })).StatusCode).toBe(204)
    const event = await invoke({
      FunctionName: fixed.name,
      InvocationType: 'Event',
      Payload: { log: 1, marker: run },
    })
    expect(event.StatusCode).toBe(202)
    const ran = async (): Promise<boolean> =>
      (await (await ask('GET', `/v1/functions/${fixed.name}/logs`)).text()).includes(
        `${event.$metadata.requestId}\tINFO\tline 0`,
      )
    await expect.poll(ran, { timeout: 5000 }).toBe(true)
  })

  test('is throttled, and events wait until the throttling ends', async () => {
    const name = `slow-${run}`
    await deploy(
      name,
      'export const handler = async ({ ms }) => { console.log("ran"); await new Promise((resolve) => setTimeout(resolve, ms)); return "done" }',
      { concurrency: 1 },
    )
    const slow = invoke({ FunctionName: name, Payload: { ms: 4000 } })
    await sleep(500)
    await expect(invoke({ FunctionName: name, Payload: { ms: 0 } })).rejects.toMatchObject({
      name: 'TooManyRequestsException',
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
      $metadata: { httpStatusCode: 429 },
    })
    const events = await Promise.all(
      Array.from({ length: 100 }, () =>
        invoke({ FunctionName: name, InvocationType: 'Event', Payload: { ms: 0 } }),
      ),
    )
    expect(new Set(events.map(({ StatusCode }) => StatusCode))).toEqual(new Set([202]))
    expect(JSON.parse(textOf(await slow))).toBe('done')
    const runs = async (): Promise<number> =>
      (await (await ask('GET', `/v1/functions/${name}/logs`)).text()).split('ran').length - 1
    await expect.poll(runs, { timeout: 20_000, interval: 100 }).toBe(101)
  })

  test('is refused if it is wrong', async () => {
    const arn = 'arn:aws:lambda:us-east-1:000000000000:function:nobody'
    await expect(invoke({ FunctionName: 'nobody' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `Function not found: ${arn}`,
    })
    await expect(invoke({ FunctionName: fixed.name, Qualifier: '7' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: expect.stringMatching(/:7$/),
    })
    await expect(
      invoke({ FunctionName: `arn:aws:lambda:eu-west-1:000000000000:function:${fixed.name}` }),
    ).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
    })
    await expect(invoke({ FunctionName: fixed.name, Payload: 'no json' })).rejects.toMatchObject({
      name: 'InvalidRequestContentException',
    })
    await expect(invoke({ FunctionName: fixed.name, ClientContext: 'e' })).rejects.toMatchObject({
      name: 'InvalidRequestContentException',
    })
    const large = `"${'x'.repeat(6 << 20)}"`
    await expect(invoke({ FunctionName: fixed.name, Payload: large })).rejects.toMatchObject({
      name: 'RequestTooLargeException',
      $metadata: { httpStatusCode: 413 },
    })
    await expect(
      invoke({ FunctionName: fixed.name, InvocationType: 'Event', Payload: `"${'x'.repeat(1 << 20)}"` }),
    ).rejects.toMatchObject({ name: 'RequestTooLargeException' })
    await expect(clientFor(LIMITED).send(new ListFunctionsCommand({}))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    })
    expect(
      (
        await clientFor(LIMITED).send(
          new InvokeCommand({ FunctionName: fixed.name, InvocationType: 'DryRun' }),
        )
      ).StatusCode,
    ).toBe(204)
  })
})
