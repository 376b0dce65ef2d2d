/** AWS's client for Python against pricing. The checks are in checks/. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pythonWith } from '@weir/stack/python.ts'
import { afterAll, beforeAll, test } from 'vitest'
import { type Pricing, startPricing } from '../testing/pricing.ts'

const run = promisify(execFile)
/** Timeout for the tests of one module (ms). */
const CHECK_MS = 115_000
let pricing: Pricing
let python: string

beforeAll(async () => {
  const requirements = join(import.meta.dirname, 'requirements.txt')
  ;[pricing, python] = await Promise.all([startPricing(), pythonWith('boto3-dynamodb', requirements)])
})
afterAll(() => pricing?.stop())

test.each(['items', 'streams', 'catalogue'])(
  'boto3 passes its checks of %s',
  { timeout: CHECK_MS + 5000 },
  async (name) => {
    const env = { ...process.env, PRICING_URL: pricing.url, PYTHONDONTWRITEBYTECODE: '1' }
    const cwd = join(import.meta.dirname, 'checks')
    await run(python, ['-m', 'unittest', '-v', name], { cwd, env, timeout: CHECK_MS }).catch(
      ({ stdout, stderr }: { stdout: string; stderr: string }) => {
        throw new Error(`${name}.py failed:\n${stdout}${stderr}`)
      },
    )
  },
)
