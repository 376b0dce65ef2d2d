import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startTimeOf } from './process.ts'

test('a killed owner takes its processes and folders with it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-lifeline-'))
  const script = `
    import { spawn } from 'node:child_process'
    import { tieFolder, tieProcess } from '${join(import.meta.dirname, 'lifeline.ts')}'
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' })
    tieFolder(${JSON.stringify(folder)})
    tieProcess(child.pid)
    console.log(child.pid)
    setInterval(() => {}, 1000)`
  const owner = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(owner.stdout, 'data')
  const pid = Number(line)
  expect(startTimeOf(pid)).toBeDefined()
  owner.kill('SIGKILL')
  await expect.poll(() => startTimeOf(pid), { timeout: 10_000 }).toBeUndefined()
  await expect.poll(() => existsSync(folder), { timeout: 10_000 }).toBe(false)
})
