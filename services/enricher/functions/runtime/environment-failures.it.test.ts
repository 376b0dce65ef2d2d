import { describe, expect, test } from 'vitest'
import { json, open } from '../testing/environments.ts'
import type { InvocationResult } from './result.ts'

/** A failure with its error. */
const failed = (kind: string, errorType: string, errorMessage: unknown) => ({
  ok: false,
  kind,
  error: expect.objectContaining({ errorType, errorMessage }),
})
const withError = (outcome: InvocationResult) => ({ ...outcome, error: json(outcome) })

describe('how an invocation fails', () => {
  test.each<
    [name: string, files: string | Record<string, string>, kind: string, type: string, message: unknown]
  >([
    [
      'rejection',
      'export const handler = async () => { throw new TypeError("bad") }',
      'handled',
      'TypeError',
      'bad',
    ],
    ['throw', 'export const handler = () => { throw new RangeError("far") }', 'handled', 'RangeError', 'far'],
    ['a text thrown', 'export const handler = async () => { throw "words" }', 'handled', 'string', 'words'],
    [
      'an object without anything thrown',
      'export const handler = async () => { throw Object.create(null) }',
      'handled',
      'handled',
      expect.stringContaining('problem'),
    ],
    [
      'undefined thrown',
      'export const handler = async () => { throw undefined }',
      'handled',
      'string',
      'handled',
    ],
    [
      'a callback with an error',
      'export const handler = (e, c, callback) => callback(new Error("told"))',
      'handled',
      'Error',
      'told',
    ],
    [
      'context.fail',
      'export const handler = (e, c) => c.fail(new Error("failed"))',
      'handled',
      'Error',
      'failed',
    ],
    [
      'a result with a cycle',
      'export const handler = async () => { const a = {}; a.a = a; return a }',
      'handled',
      'Error',
      'Unable to stringify response body',
    ],
    [
      'a BigInt',
      'export const handler = async () => ({ n: 1n })',
      'handled',
      'Error',
      'Unable to stringify response body',
    ],
    [
      'a promise that nothing settles',
      'export const handler = async () => new Promise(() => {})',
      'unhandled',
      'Runtime.NodeJsExit',
      expect.stringContaining('never settled'),
    ],
    [
      'an error in a timer',
      'export const handler = async () => { setTimeout(() => { throw new Error("late") }); await new Promise((r) => setTimeout(r, 2000)) }',
      'unhandled',
      'Error',
      'late',
    ],
    [
      'a rejection that nobody awaits',
      'export const handler = async () => { Promise.reject(new Error("lost")); await new Promise((r) => setTimeout(r, 2000)) }',
      'unhandled',
      'Runtime.UnhandledPromiseRejection',
      'Error: lost',
    ],
    [
      'a response of more than 6 MB',
      'export const handler = async () => "x".repeat(6_291_555)',
      'too-large',
      'Function.ResponseSizeTooLarge',
      'Response payload size exceeded maximum allowed payload size (6291556 bytes).',
    ],
    [
      'process.exit(3)',
      'export const handler = async () => { process.exit(3) }',
      'exit',
      'Runtime.ExitError',
      'RequestId: id-1 Error: Runtime exited with error: exit status 3',
    ],
    [
      'process.exit(0)',
      'export const handler = async () => { process.exit(0) }',
      'exit',
      'Runtime.ExitError',
      'RequestId: id-1 Error: Runtime exited without providing a reason',
    ],
    [
      'process.abort()',
      'export const handler = async () => { process.abort() }',
      'exit',
      'Runtime.ExitError',
      'RequestId: id-1 Error: Runtime exited with error: signal: aborted',
    ],
    [
      'no file',
      { 'other.mjs': '' },
      'init',
      'Runtime.ImportModuleError',
      "Error: Cannot find module 'index'",
    ],
    [
      'no dependency',
      'import "nowhere"; export const handler = 1',
      'init',
      'Runtime.ImportModuleError',
      expect.stringContaining("Cannot find package 'nowhere'"),
    ],
    [
      'no dependency in CommonJS',
      { 'index.js': 'require("nowhere")' },
      'init',
      'Runtime.ImportModuleError',
      expect.stringContaining("Cannot find module 'nowhere'"),
    ],
    [
      'no export',
      'export const other = 1',
      'init',
      'Runtime.HandlerNotFound',
      'index.handler is undefined or not exported',
    ],
    [
      'an export that is no function',
      'export const handler = 1',
      'init',
      'Runtime.HandlerNotFound',
      'index.handler is not a function',
    ],
    [
      'syntax',
      'export const handler = async ( => {',
      'init',
      'Runtime.UserCodeSyntaxError',
      expect.stringContaining('SyntaxError'),
    ],
    [
      'TypeScript that cannot be stripped',
      { 'index.ts': 'enum E { A }\nexport const handler = async () => E.A' },
      'init',
      'Runtime.UserCodeSyntaxError',
      expect.stringContaining('enum'),
    ],
    ['an error while loading', 'throw new Error("no database")', 'init', 'Error', 'no database'],
    [
      'an exit while loading',
      'process.exit(9)',
      'init',
      'Runtime.ExitError',
      'RequestId: id-1 Error: Runtime exited with error: exit status 9',
    ],
  ])('%s', async (_, files, kind, type, message) => {
    const { environment, invoke } = open(files)
    expect(withError(await invoke())).toMatchObject(failed(kind, type, message))
    // A failure that ended the process leaves an unusable environment; any other leaves a usable one.
    const ends = ['exit', 'init'].includes(kind) || /late|lost/.test(String(message))
    expect(environment.state).toBe(ends ? 'ended' : 'idle')
    if (ends) await expect(invoke()).rejects.toThrow('The environment has ended')
  })

  test('a handler of no valid name', async () => {
    expect(withError(await open('', { handler: '../index.handler' }).invoke())).toMatchObject(
      failed('init', 'Runtime.MalformedHandlerName', expect.stringContaining('not a valid handler')),
    )
    expect(withError(await open('', { handler: 'handler' }).invoke())).toMatchObject(
      failed('init', 'Runtime.MalformedHandlerName', 'Bad handler'),
    )
  })

  test('an event that is no JSON', async () => {
    const { environment } = open('export const handler = async () => 1')
    expect(withError(await environment.invoke(Buffer.from('{'), { requestId: 'r' }))).toMatchObject(
      failed('handled', 'SyntaxError', expect.any(String)),
    )
  })

  test('the start takes too long', async () => {
    expect(withError(await open('while (true) {}', { initTimeoutMs: 200 }).invoke())).toMatchObject(
      failed('init', 'Sandbox.Timedout', 'RequestId: id-1 Error: Init timed out after 0.20 seconds'),
    )
  })

  test('what went wrong before the first invocation is told by it', async () => {
    for (const text of ['process.exit(9)', 'throw new Error("x")']) {
      const { environment, invoke } = open(text)
      await environment.closed
      expect(await invoke()).toMatchObject({ ok: false, kind: 'init' })
    }
  })
})

describe('memory', () => {
  test('beyond its limit the function is killed', async () => {
    const { invoke, environment } = open(
      `const kept = []; export const handler = async () => {
      while (true) { kept.push(Buffer.alloc(8_000_000, 1)); await new Promise((r) => setTimeout(r, 5)) }
    }`,
      { memoryMb: 128 },
    )
    const outcome = await invoke()
    expect(withError(outcome)).toMatchObject(
      failed(
        'memory',
        'Runtime.OutOfMemory',
        'RequestId: id-1 Error: Runtime exited with error: signal: killed',
      ),
    )
    expect(outcome.maxMemoryMb).toBeGreaterThan(128)
    expect(environment.state).toBe('ended')
  })
})
