import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { afterEach, expect, test } from 'vitest'

const running: ChildProcess[] = []
afterEach(() => running.splice(0).forEach((child) => child.kill('SIGKILL')))

/** Runs the fixture as a process and collects its output so far. */
function run(behaviour = '', env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [`${import.meta.dirname}/fixtures/parts.ts`, behaviour], {
    env: { ...process.env, LOG_LEVEL: 'info', ...env },
  })
  running.push(child)
  const exit = once(child, 'close') as Promise<[number | null]>
  let out = ''
  let err = ''
  const waiting: (() => void)[] = []
  child.stdout.on('data', (data) => {
    out += data
    waiting.splice(0).forEach((check) => check())
  })
  child.stderr.on('data', (data) => {
    err += data
  })
  const said = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (out.includes(text)) resolve()
        else waiting.push(check)
      }
      check()
    })
  const logs = (): Record<string, any>[] =>
    out
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line))
  return {
    child,
    said,
    logs,
    exitCode: async () => (await exit)[0],
    lines: () => out.split('\n').filter((line) => line !== '' && !line.startsWith('{')),
    /**
     * Not always the last line: the exit writes the waiting lines, and a line that was already being written
     * comes after them.
     */
    fatal: () => logs().find(({ level }) => level === 'fatal'),
    err: () => err,
    url: () => /listening at (\S+?)"/.exec(out)![1],
  }
}

const agent = new Agent({ keepAlive: true })
function ask(url: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, async (response) => {
      let body = ''
      for await (const chunk of response) body += chunk
      resolve({ status: response.statusCode!, body })
    }).on('error', reject)
  })
}

test('after SIGTERM the service finishes its requests, stops its parts in reverse and exits with 0', async () => {
  const service = run()
  await service.said('"started"')
  expect((await ask(`${service.url()}/readyz`)).status).toBe(200)
  const slow = ask(`${service.url()}/slow`)
  await service.said('slow begins')
  service.child.kill('SIGTERM')
  await service.said('"stopping"')
  const ready = await ask(`${service.url()}/readyz`)
  expect([ready.status, JSON.parse(ready.body)]).toEqual([
    503,
    { ready: false, stopping: true, dependencies: { second: 'ready' } },
  ])
  expect((await ask(`${service.url()}/slow`)).status).toBe(503)
  expect(await slow).toEqual({ status: 200, body: 'done' })
  expect(await service.exitCode()).toBe(0)
  expect(service.lines()).toEqual(['open first', 'open second', 'slow begins', 'stop second', 'stop first'])
})

test('a stop that takes longer than DRAIN_SECONDS exits with 1', async () => {
  const service = run('slow-stop', { DRAIN_SECONDS: '1' })
  await service.said('"started"')
  service.child.kill('SIGINT')
  expect(await service.exitCode()).toBe(1)
  expect(service.lines()).toEqual(['open first', 'open second', 'stop second'])
})

test('a second signal exits at once', async () => {
  const service = run('slow-stop')
  await service.said('"started"')
  service.child.kill('SIGTERM')
  await service.said('"stopping"')
  service.child.kill('SIGTERM')
  expect(await service.exitCode()).toBe(1)
})

test('a signal while a part is still opening stops the parts before it', async () => {
  const service = run('never-opens')
  await service.said('open first')
  service.child.kill('SIGTERM')
  expect(await service.exitCode()).toBe(0)
  expect(service.lines()).toEqual(['open first', 'stop first'])
})

test('a part that fails to open stops the parts before it, and the process exits with 1 and one sentence', async () => {
  const service = run('fails')
  expect(await service.exitCode()).toBe(1)
  expect(service.lines()).toEqual(['open first', 'stop first'])
  expect(service.fatal()).toMatchObject({ msg: 'parts could not start: second: the second part is not well' })
})

test('a wrong configuration is printed as text with every problem, and the process exits with 2', async () => {
  const service = run('misconfigured', { PORT: '99999999' })
  expect(await service.exitCode()).toBe(2)
  expect(service.err()).toContain('2 problems:\n  - BROKER is not set')
  expect(service.lines()).toEqual([])
})

test.each([
  ['throws', 'out of the blue'],
  ['rejects', 'out of the grey'],
])('an uncaught error (%s) is logged as fatal, and the process exits with 1', async (behaviour, message) => {
  const service = run(behaviour)
  expect(await service.exitCode()).toBe(1)
  expect(service.fatal()).toMatchObject({ err: { message } })
})
