import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { startProcess } from './process.ts'
import type { Running } from './server.ts'
import { running } from './server.ts'
import { Supervisor } from './supervisor.ts'

const log = join(mkdtempSync(join(tmpdir(), 'weir-supervisor-')), 'x.log')

const node =
  (script: string, ready: Promise<void> = Promise.resolve()) =>
  async (): Promise<Running> =>
    running(
      await startProcess({ name: 'x', command: process.execPath, args: ['-e', script], log }),
      '',
      ready,
    )

const FOREVER = 'setInterval(() => {}, 1000)'

function supervisor(obstacle?: () => string | undefined): { it: Supervisor; lines: string[] } {
  const lines: string[] = []
  const it = new Supervisor(
    (line) => lines.push(line),
    () => {},
    obstacle,
  )
  onTestFinished(() => it.kill())
  return { it, lines }
}

test('what is killed comes back, with a line that says so', async () => {
  const { it, lines } = supervisor()
  const first = await it.run('x', node(FOREVER))
  process.kill(first.pid, 'SIGKILL')
  await expect
    .poll(() => lines)
    .toEqual([
      `x ended (SIGKILL); restarting it in 0.25 s. Its log: ${log}`,
      expect.stringMatching(/^x is ready again after/),
    ])
  expect(it.processes()).toEqual([
    {
      name: 'x',
      pid: expect.any(Number),
      startTime: expect.any(String),
      startedAt: expect.any(Number),
      url: '',
    },
  ])
  expect(it.processes()[0]!.pid).not.toBe(first.pid)
})

test('the pause grows while it keeps ending', async () => {
  const { it, lines } = supervisor()
  await it.run('x', node('process.exit(7)'))
  await expect
    .poll(
      () => lines.filter((line) => line.includes('ended')).map((line) => /in ([\d.]+) s/.exec(line)![1]),
      { timeout: 5000 },
    )
    .toEqual(['0.25', '0.5', '1'])
})

test('nothing is started while something is in the way, which is said once', async () => {
  let obstacle: string | undefined = 'The disk is full.'
  const { it, lines } = supervisor(() => obstacle)
  const first = await it.run('x', node(FOREVER))
  process.kill(first.pid, 'SIGKILL')
  await expect.poll(() => lines.at(-1)).toBe('x is not started yet. The disk is full.')
  await sleep(1500)
  expect([lines.length, it.processes()]).toEqual([2, []])
  obstacle = undefined
  await expect.poll(() => lines.at(-1), { timeout: 5000 }).toMatch(/^x is ready again after/)
})

test('a start that fails for lack of room is tried again', async () => {
  const { it, lines } = supervisor()
  let full = false
  const first = await it.run('x', async () => {
    if (full) throw Object.assign(new Error('ENOSPC: no space left on device, open'), { code: 'ENOSPC' })
    return node(FOREVER)()
  })
  full = true
  process.kill(first.pid, 'SIGKILL')
  await expect.poll(() => lines.at(-1)).toMatch(/^x could not be started \(ENOSPC: no space left/)
  full = false
  await expect.poll(() => lines.at(-1), { timeout: 5000 }).toMatch(/^x is ready again after/)
})

test('a first start that fails is not repeated', async () => {
  const { it, lines } = supervisor()
  await expect(it.run('x', node('process.exit(7)', Promise.reject(new Error('not ready'))))).rejects.toThrow(
    'not ready',
  )
  await it.stop([['x']])
  expect(lines).toEqual([])
})

test('stop goes through the lists in their order and starts nothing again', async () => {
  const { it, lines } = supervisor()
  const [a, b] = await Promise.all([it.run('a', node(FOREVER)), it.run('b', node(FOREVER))])
  const ended: string[] = []
  void a.exited.then(() => ended.push('a'))
  void b.exited.then(() => ended.push('b'))
  await it.stop([['b'], ['a']])
  expect(ended).toEqual(['b', 'a'])
  expect(it.processes()).toEqual([])
  expect(lines).toEqual([])
  await expect(it.run('c', node(FOREVER))).rejects.toThrow('c was not started: the stack is being stopped.')
})
