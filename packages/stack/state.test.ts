import { mkdirSync, mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { isDiskFull } from './disk.ts'
import { readState, type StackState, StateFile } from './state.ts'

const state = (ready: boolean): StackState => ({
  supervisor: { pid: 1, startTime: '1' },
  ready,
  environment: {},
  processes: [],
})

test('a state that cannot be written is reported once, and the newest is written as soon as possible', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-state-'))
  vi.stubEnv('WEIR_DATA', folder)
  onTestFinished(() => void vi.unstubAllEnvs())
  const lines: string[] = []
  const file = new StateFile((line) => lines.push(line))
  file.write(() => state(false))
  expect(readState()).toEqual(state(false))

  // The state is first written under this name, and then renamed over the file.
  mkdirSync(join(folder, 'stack.json.new'))
  let ready = false
  file.write(() => state(ready))
  file.write(() => state(ready))
  ready = true
  expect(lines).toEqual([
    expect.stringMatching(
      /^The state of the stack cannot be stored \(EISDIR.*\); it is retried until it can\.$/,
    ),
  ])
  rmdirSync(join(folder, 'stack.json.new'))
  await expect.poll(() => readState(), { timeout: 6000 }).toEqual(state(true))
  expect(lines.at(-1)).toBe('The state of the stack is stored again.')
  file.forget()
  expect(readState()).toBeUndefined()
})

test('errors for lack of room are told from those of a reader that has gone', () => {
  expect(
    ['ENOSPC', 'EDQUOT', 'EFBIG', 'EPIPE', 'EIO'].map((code) =>
      isDiskFull(Object.assign(new Error(), { code })),
    ),
  ).toEqual([true, true, true, false, false])
})
