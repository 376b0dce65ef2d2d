import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readFileSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'

const FIXTURES = join(import.meta.dirname, 'fixtures')

/**
 * Starts a process whose standard output is a file that may not grow beyond some KiB. Every write beyond that
 * fails, as on a full disk, until the file is truncated.
 */
function logging(log: string) {
  const script = `trap '' XFSZ; ulimit -f 128; exec "$0" "$1" >>"$2"`
  const child = spawn('/bin/sh', ['-c', script, process.execPath, join(FIXTURES, 'log-lines.ts'), log], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

const lines = (log: string): string[] => readFileSync(log, 'utf8').split('\n')

test('on a full disk the process continues, and its log continues once there is room', async () => {
  const log = join(mkdtempSync(join(tmpdir(), 'weir-log-')), 'x.log')
  const child = logging(log)
  const full = async (): Promise<void> => {
    for (let size = -1; size < 8192 || statSync(log).size !== size; await sleep(300)) {
      size = statSync(log, { throwIfNoEntry: false })?.size ?? 0
    }
  }
  await full()
  // Long enough to fill the queue of waiting lines.
  await sleep(1000)
  expect(child.exitCode).toBeNull()
  const before = lines(log).slice(0, -1)
  truncateSync(log)
  await expect
    .poll(() => lines(log).some((line) => /^lost [1-9]\d*$/.test(line)), { timeout: 5000 })
    .toBe(true)
  truncateSync(log)
  await expect.poll(() => lines(log).some((line) => line.startsWith('line ')), { timeout: 5000 }).toBe(true)
  expect(before.map((line) => Number(line.split(' ')[1]))).toEqual(before.map((_, i) => i))
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
  expect(lines(log)).toContain('end')
})

test.runIf(process.platform === 'linux')(
  'a fatal error ends a process even if its log cannot be written',
  async () => {
    const child = spawn(
      process.execPath,
      [
        '-e',
        `
    import(${JSON.stringify(join(import.meta.dirname, 'logger.ts'))}).then(({ logger }) => {
      const log = logger('full')
      log.info('a line')
      setTimeout(() => { log.fatal('the last'); process.exit(3) }, 100)
    })`,
      ],
      { stdio: ['ignore', openSync('/dev/full', 'w'), 'inherit'] },
    )
    onTestFinished(() => void child.kill('SIGKILL'))
    expect(await once(child, 'exit')).toEqual([3, null])
  },
)
