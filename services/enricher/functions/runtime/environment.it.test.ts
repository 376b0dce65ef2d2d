import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { code, json, open, root } from '../testing/environments.ts'
import type { EnvironmentOptions } from './options.ts'
import type { InvocationResult } from './result.ts'

/** A failure with its error. */
const failed = (kind: string, errorType: string, errorMessage: unknown) => ({
  ok: false,
  kind,
  error: expect.objectContaining({ errorType, errorMessage }),
})
const withError = (outcome: InvocationResult) => ({ ...outcome, error: json(outcome) })

describe('what a handler returns', () => {
  test.each<[name: string, files: string | Record<string, string>, expected: unknown]>([
    ['an async function', 'export const handler = async (event) => ({ got: event.x })', { got: 5 }],
    ['nothing', 'export const handler = async () => {}', null],
    ['a promise of a plain function', 'export const handler = (event) => Promise.resolve([event.x])', [5]],
    ['a value of a plain function, which Lambda ignores', 'export const handler = () => 5', null],
    ['a function, which is no JSON', 'export const handler = async () => () => 1', null],
    ['CommonJS', { 'index.js': 'exports.handler = async (event) => event.x' }, 5],
    ['CommonJS by its ending', { 'index.cjs': 'module.exports = { handler: async (event) => event.x }' }, 5],
    ['a folder', { 'index/index.js': 'exports.handler = async (event) => event.x' }, 5],
    ['a file without ending', { index: 'exports.handler = async (event) => event.x' }, 5],
    [
      'a package',
      {
        'node_modules/index/package.json': '{"main":"a.js"}',
        'node_modules/index/a.js': 'exports.handler = async (event) => event.x',
      },
      5,
    ],
    [
      'an ES module by package.json',
      { 'index.js': 'export const handler = async (event) => event.x', 'package.json': '{"type":"module"}' },
      5,
    ],
    [
      'TypeScript',
      {
        'index.ts':
          'interface E { x: number }\nexport const handler = async (event: E): Promise<number> => event.x * 2',
      },
      10,
    ],
    [
      'imports of its own',
      {
        'index.mjs':
          'import { two } from "./lib/two.mjs"; import p from "p"; export const handler = async () => two + p',
        'lib/two.mjs': 'export const two = 2',
        'node_modules/p/index.js': 'module.exports = 3',
      },
      5,
    ],
    [
      'a callback',
      {
        'index.js':
          'exports.handler = (event, context, callback) => setTimeout(() => callback(null, event.x), 5)',
      },
      5,
    ],
    [
      'a callback that does not wait',
      {
        'index.js':
          'exports.handler = (e, c, cb) => { c.callbackWaitsForEmptyEventLoop = false; setTimeout(() => {}, 60000); cb(null, 1) }',
      },
      1,
    ],
    [
      'a callback that waits for the empty event loop',
      {
        'index.js':
          'exports.handler = (e, c, cb) => { const r = []; cb(null, r); setTimeout(() => r.push(1), 20) }',
      },
      [1],
    ],
    ['context.succeed', 'export const handler = (event, context) => { context.succeed("s") }', 's'],
    ['context.done', 'export const handler = (event, context) => { context.done(null, "d") }', 'd'],
    [
      'the first of several ends',
      'export const handler = (e, c, cb) => { c.succeed(1); c.fail(new Error("no")); cb(null, 2) }',
      1,
    ],
    ['no callback and nothing to wait for', 'export const handler = (event, context, callback) => {}', null],
    ['non-ASCII', 'export const handler = async () => "ü€😀"', 'ü€😀'],
  ])('%s', async (_, files, expected) => {
    const outcome = await open(files).invoke({ x: 5 })
    expect({ ok: outcome.ok, payload: json(outcome) }).toEqual({ ok: true, payload: expected })
  })

  test.each([
    [
      'of CommonJS',
      { 'index.js': 'Object.assign(exports, { __esModule: true, default: async (event) => event.x })' },
    ],
    ['of an ES module', { 'index.mjs': 'export default async (event) => event.x' }],
  ])('the default export %s', async (_, files) => {
    expect(json(await open(files, { handler: 'index.default' }).invoke({ x: 5 }))).toBe(5)
  })

  test('nested exports and folders', async () => {
    expect(
      json(
        await open(
          { 'src/app.mjs': 'export const api = { v1: { get: async () => "nested" } }' },
          { handler: 'src/app.api.v1.get' },
        ).invoke(),
      ),
    ).toBe('nested')
  })
})

describe('time', () => {
  test.each([
    ['an endless loop', 'export const handler = async () => { while (true) {} }'],
    ['a long wait', 'export const handler = async () => { await new Promise((r) => setTimeout(r, 60000)) }'],
  ])('%s is killed', async (_, text) => {
    const { environment, invoke, lines } = open(text, { timeoutMs: 150 })
    const outcome = await invoke()
    expect(withError(outcome)).toMatchObject(
      failed(
        'timeout',
        'Sandbox.Timedout',
        expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z id-1 Task timed out after 0\.15 seconds$/),
      ),
    )
    expect(outcome.durationMs).toBeGreaterThanOrEqual(150)
    expect(outcome.durationMs).toBeLessThan(2500)
    expect(outcome.logTail).toContain('Task timed out after 0.15 seconds')
    expect(lines.at(-1)).toContain('Task timed out')
    expect(() => process.kill(environment.pid!, 0)).toThrow('ESRCH')
  })

  test('an aborted invocation rejects, and its process is gone', async () => {
    const { environment } = open('export const handler = async () => { while (true) {} }')
    const stop = new AbortController()
    setTimeout(() => stop.abort(new Error('draining')), 100)
    await expect(
      environment.invoke(Buffer.from('{}'), { requestId: 'r', signal: stop.signal }),
    ).rejects.toThrow('draining')
    expect(() => process.kill(environment.pid!, 0)).toThrow('ESRCH')
    await expect(
      environment.invoke(Buffer.from('{}'), { requestId: 'r', signal: stop.signal }),
    ).rejects.toThrow('draining')
  })

  test('a process that somebody kills', async () => {
    const { environment, invoke } = open(
      'export const handler = async () => { await new Promise((r) => setTimeout(r, 60000)) }',
    )
    const invocation = invoke()
    await expect.poll(() => environment.state).toBe('busy')
    process.kill(environment.pid!, 'SIGKILL')
    expect(withError(await invocation)).toMatchObject(
      failed('exit', 'Runtime.ExitError', 'RequestId: id-1 Error: Runtime exited with error: signal: killed'),
    )
  })

  test('stop while it works', async () => {
    const { environment, invoke } = open(
      'export const handler = async () => { await new Promise((r) => setTimeout(r, 60000)) }',
    )
    const invocation = invoke()
    setTimeout(() => void environment.stop(), 80)
    await expect(invocation).rejects.toMatchObject({ name: 'EnvironmentStopped' })
  })
})

describe('a warm environment', () => {
  test('keeps the module’s state, and tells its start once', async () => {
    const { invoke, environment } = open('let n = 0; export const handler = async () => ++n')
    const first = await invoke()
    expect(first.initMs).toBeGreaterThan(5)
    expect(first.logTail).toMatch(
      /^START RequestId: id-1 Version: 7\nEND RequestId: id-1\nREPORT RequestId: id-1\tDuration: /,
    )
    expect(first.logTail).toMatch(/Max Memory Used: \d+ MB\tInit Duration/)
    expect(first.maxMemoryMb).toBeGreaterThan(20)
    const second = await invoke()
    expect([json(first), json(second), second.initMs]).toEqual([1, 2, undefined])
    expect(environment.state).toBe('idle')
  })

  test('takes one invocation at a time', async () => {
    const { invoke } = open('export const handler = async () => 1')
    const first = invoke()
    await expect(invoke()).rejects.toThrow('The environment is busy')
    expect((await first).ok).toBe(true)
  })

  test('goes on after an error and after a response that is too large', async () => {
    const { invoke } = open(
      'export const handler = async (event) => { if (event.fail) throw new Error("x"); return "y".repeat(event.size) }',
    )
    expect((await invoke({ fail: true })).ok).toBe(false)
    expect((await invoke({ size: 7_000_000 })).ok).toBe(false)
    const large = await invoke({ size: 6_291_554 })
    expect([large.ok, large.payload.length]).toEqual([true, 6_291_556])
  })

  test('events and responses of megabytes pass whole', async () => {
    const { invoke } = open('export const handler = async (event) => event')
    const event = { records: Array.from({ length: 20_000 }, (_, i) => ({ i, text: 'é'.repeat(60) })) }
    expect(json(await invoke(event))).toEqual(event)
  })

  test('ends when something fails between two invocations', async () => {
    const { environment, invoke, lines } = open(
      'export const handler = async () => { setTimeout(() => { throw new Error("later") }, 20) }',
    )
    expect((await invoke()).ok).toBe(true)
    await environment.closed
    expect(environment.state).toBe('ended')
    expect(lines.join()).toContain('later')
  })
})

test('the context is that of Lambda', async () => {
  const { environment } = open(
    `export const handler = async (event, context) => ({
    ...context, remaining: context.getRemainingTimeInMillis(), methods: ['done', 'fail', 'succeed'].map((m) => typeof context[m]), cwd: process.cwd(),
  })`,
    { timeoutMs: 2000 },
  )
  const outcome = await environment.invoke(Buffer.from('{}'), {
    requestId: 'abc',
    clientContext: { custom: { a: 1 } },
    identity: { cognitoIdentityId: 'i' },
  })
  const context = json(outcome) as { remaining: number }
  expect(context).toMatchObject({
    functionName: 'taxis',
    functionVersion: '7',
    memoryLimitInMB: '256',
    awsRequestId: 'abc',
    logGroupName: '/aws/lambda/taxis',
    invokedFunctionArn: 'arn:aws:lambda:eu-west-1:000000000000:function:taxis',
    logStreamName: expect.stringMatching(/^\d{4}\/\d\d\/\d\d\/\[7\][0-9a-f]{32}$/),
    clientContext: { custom: { a: 1 } },
    identity: { cognitoIdentityId: 'i' },
    callbackWaitsForEmptyEventLoop: true,
    methods: ['function', 'function', 'function'],
    cwd: environment.options.directory,
  })
  expect(context.remaining).toBeGreaterThan(1000)
  expect(context.remaining).toBeLessThanOrEqual(2000)
})

describe('the log', () => {
  test('lines have time, request and level; those of the process itself stay as they are', async () => {
    const { invoke, lines } = open(`export const handler = async () => {
      console.log("a\\nb", { c: 1 }); console.error("bad"); process.stdout.write("raw\\nhalf"); process.stderr.write("err\\n")
    }`)
    const { logTail } = await invoke({}, 'req')
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^\d{4}-.*Z\treq\tINFO\ta\rb \{ c: 1 \}$/),
        expect.stringMatching(/Z\treq\tERROR\tbad$/),
        'raw',
        'err',
      ]),
    )
    expect(logTail).toContain('ERROR\tbad\n')
    expect((await invoke({}, 'next')).logTail).not.toContain('\treq\t')
  })

  test('an error is in the log', async () => {
    const thrown = await open('export const handler = async () => { throw new Error("why") }').invoke()
    expect(thrown.logTail).toMatch(
      /ERROR\tInvoke Error\t\{"errorType":"Error","errorMessage":"why","trace":\[/,
    )
    expect((await open('throw new Error("why")').invoke()).logTail).toContain(
      'ERROR\tUncaught Exception\t{"errorType":"Error","errorMessage":"why"',
    )
  })

  test('a flood is cut, with a notice, and hinders neither the function nor this process', async () => {
    const { invoke, lines } = open(`export const handler = async () => {
      const line = "x".repeat(999); for (let i = 0; i < 4000; i++) console.log(line); return "through"
    }`)
    const outcome = await invoke()
    expect(json(outcome)).toBe('through')
    expect(lines.length).toBeLessThan(2200)
    expect(lines.some((line) => /^\d+ bytes of log were dropped/.test(line))).toBe(true)
    expect(Buffer.byteLength(outcome.logTail)).toBeLessThanOrEqual(4096)
    expect(outcome.durationMs).toBeLessThan(2500)
  })

  test('a long line is cut', async () => {
    const { invoke, lines } = open(
      'export const handler = async () => { process.stdout.write("y".repeat(300_000) + "\\nnext\\n") }',
    )
    await invoke()
    expect(lines.filter((line) => !line.includes('dropped')).map((line) => line.length)).toEqual([262_144, 4])
  })
})

test.each<[Partial<EnvironmentOptions>, string]>([
  [{ directory: 'relative' }, 'must be absolute'],
  [{ directory: '/a*' }, 'must be absolute'],
  [{ memoryMb: 64 }, 'from 128 to 10240'],
  [{ memoryMb: Number.NaN }, 'from 128'],
  [{ timeoutMs: 0 }, 'at most 15 minutes'],
  [{ timeoutMs: 1e9 }, 'at most 15 minutes'],
])('options that cannot be: %j', (options, message) => {
  expect(() => open('', options)).toThrow(message)
})

test('a directory behind a link', async () => {
  const link = join(root, 'link')
  symlinkSync(
    code({
      'index.js':
        'const fs = require("fs"); exports.handler = async () => fs.readdirSync(process.env.LAMBDA_TASK_ROOT)',
    }),
    link,
  )
  expect(json(await open('', { directory: link }).invoke())).toEqual(['index.js'])
})

test('a directory that is not there', async () => {
  expect(await open('', { directory: '/nowhere/at/all' }).invoke()).toMatchObject({ ok: false, kind: 'init' })
})
