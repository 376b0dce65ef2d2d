/** AWS's client for Python and its command line against the alerter. The checks are in checks/. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { freePorts } from '@weir/stack/ports.ts'
import { pythonWith } from '@weir/stack/python.ts'
import { afterAll, beforeAll, test } from 'vitest'
import { type AlerterWorld, openAlerterWorld } from '../testing/alerter.ts'
import type { Alerter } from '../testing/service.ts'

/** Timeout for the tests of one module (ms). */
const CHECK_MS = 115_000
let world: AlerterWorld
let service: Alerter
let python: string

beforeAll(async () => {
  const [opened, found, [port]] = await Promise.all([
    openAlerterWorld(),
    pythonWith('boto3-sns', join(import.meta.dirname, 'requirements.txt')),
    freePorts(1),
  ])
  world = opened
  python = found
  const ALERTER_PUBLIC_URL = `http://127.0.0.1:${port}`
  service = await world.start({ HTTP_PORT: String(port), ALERTER_PUBLIC_URL })
})
afterAll(() => world?.stop())

test.each(['topics', 'messages', 'cli'])(
  'AWS clients for Python pass their checks of %s',
  { timeout: CHECK_MS + 5000 },
  (name) => check(name),
)

/** Runs the tests of one Python module. If one fails, the error has the module's output. */
function check(name: string): Promise<void> {
  return new Promise((done, fail) => {
    const env = { ...process.env, ALERTER_URL: service.url, PYTHONDONTWRITEBYTECODE: '1' }
    execFile(
      python,
      ['-m', 'unittest', '-v', name],
      { cwd: join(import.meta.dirname, 'checks'), env, timeout: CHECK_MS },
      (error, output, errors) => {
        if (error === null) done()
        else fail(new Error(`${name}.py failed:\n${output}${errors}`))
      },
    )
  })
}
