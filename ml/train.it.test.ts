/** Trains the model again, from a history that is made again, and compares it with the committed one. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pythonWith } from '@weir/stack/python.ts'
import { afterAll, beforeAll, test } from 'vitest'
import { DEFAULT_SEED, DEFAULT_WEEKS, writeHistory } from './history.ts'
import { train } from './train.ts'

const run = promisify(execFile)
const here = import.meta.dirname
const CHECKS_MS = 120_000
const folder = mkdtempSync(join(tmpdir(), 'weir-ml-'))
const [HISTORY, OTHER, RETRAINED] = ['history.csv.gz', 'other.csv.gz', 'model'].map((name) =>
  join(folder, name),
)

beforeAll(async () => {
  await writeHistory(HISTORY, DEFAULT_WEEKS, DEFAULT_SEED)
  await Promise.all([train(HISTORY, RETRAINED), writeHistory(OTHER, 2, DEFAULT_SEED + 1)])
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the committed model is the one that this history gives, and fits its card', {
  timeout: CHECKS_MS,
}, async () => {
  const python = await pythonWith('ml', join(here, 'requirements.txt'))
  const env = { ...process.env, HISTORY, OTHER, RETRAINED, PYTHONDONTWRITEBYTECODE: '1' }
  await run(python, ['-m', 'unittest', '-v', 'checks.model'], { cwd: here, env, timeout: CHECKS_MS }).catch(
    ({ stdout, stderr }: { stdout: string; stderr: string }) => {
      throw new Error(`The checks failed:\n${stdout}${stderr}`)
    },
  )
})
