import { mkdtempSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { ChildProcess } from './process.ts'
import { answers, endProcess, startProcess, startTimeOf, stillRuns, untilReady } from './process.ts'

async function start(script: string): Promise<ChildProcess> {
  const log = join(mkdtempSync(join(tmpdir(), 'weir-process-')), 'x.log')
  const child = await startProcess({ name: 'x', command: process.execPath, args: ['-e', script], log })
  onTestFinished(() => child.kill('SIGKILL'))
  return child
}

test('a start time belongs to a running process alone', async () => {
  const child = await start('setInterval(() => {}, 1000)')
  const known = { pid: child.pid, startTime: startTimeOf(child.pid)! }
  expect(stillRuns(known)).toBe(true)
  expect(stillRuns({ ...known, startTime: '1' })).toBe(false)
  child.kill('SIGKILL')
  await child.exited
  expect(startTimeOf(child.pid)).toBeUndefined()
})

test('a log is for this user alone', async () => {
  const { log } = await start('')
  expect(statSync(log).mode & 0o777).toBe(0o600)
})

test('what ignores SIGTERM is killed when its time is over', async () => {
  const child = await start('process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("up")')
  await untilReady(child, async () => readFileSync(child.log, 'utf8').includes('up'))
  await child.stop(200)
  expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' })
})

test('another process with the same pid is left alone', async () => {
  const child = await start('setInterval(() => {}, 1000)')
  await endProcess({ pid: child.pid, startTime: '1' })
  expect(startTimeOf(child.pid)).toBeDefined()
  await endProcess({ pid: child.pid, startTime: startTimeOf(child.pid)! })
  expect(await child.exited).toEqual({ code: null, signal: 'SIGTERM' })
})

test('a paused process ends as well', async () => {
  const child = await start('setInterval(() => {}, 1000)')
  child.kill('SIGSTOP')
  await child.stop(5000)
  expect(await child.exited).toEqual({ code: null, signal: 'SIGTERM' })
})

test('a process that ends before it is ready: its last words and its log are told', async () => {
  const child = await start('console.error("no room on the disk"); process.exit(3)')
  await expect(untilReady(child, async () => false)).rejects.toThrow(
    `x ended before it was ready (code 3): no room on the disk; its log is ${child.log}.`,
  )
})

test('the error for a process that is never ready names the reason of the last check', async () => {
  const child = await start('setInterval(() => {}, 1000)')
  for (const [check, reason] of [
    [() => answers('http://127.0.0.1:10080/'), ': bad port'],
    [() => answers('http://127.0.0.1:2/'), ': ECONNREFUSED'],
    [async () => false, ''],
  ] as const)
    await expect(untilReady(child, check, 0)).rejects.toThrow(
      `x was not ready after 0 s${reason}; its log is ${child.log}.`,
    )
})

test('a command that does not exist is one sentence', async () => {
  await expect(
    startProcess({ name: 'x', command: '/nowhere/x', args: [], log: join(tmpdir(), 'weir-nowhere.log') }),
  ).rejects.toThrow('x could not be started: spawn /nowhere/x ENOENT.')
})
