/**
 * Writes one of each kind into a copy of the checkout, checks the copy, runs the tests that were written, and
 * runs the new solution with `weir up`.
 */
import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { PORTS } from '@weir/stack/config.ts'
import { freePorts } from '@weir/stack/ports.ts'
import { servers } from '@weir/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { copyCheckout } from '../../../test/checkout.ts'

let copy: string
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  copy = await copyCheckout('generators')
  const ports = await freePorts(Object.keys(PORTS).length)
  env = {
    ...process.env,
    ...Object.fromEntries(Object.values(PORTS).map(([variable], i) => [variable, String(ports[i])])),
    WEIR_DATA: join(copy, '.weir'),
    VITEST: undefined,
    NODE_ENV: undefined,
  }
})

afterAll(() => rm(copy, { recursive: true, force: true, maxRetries: 5 }))

/** Resolves to what the program printed; rejects with it if the program failed. */
async function run(program: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { cwd: copy, env, maxBuffer: 1 << 26 }).catch(
    ({ stdout, stderr }) => {
      throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`)
    },
  )
  return stdout
}
const weir = (...args: readonly string[]) => run(process.execPath, 'tools/weir/main.ts', ...args)
const vitest = (...args: readonly string[]) => run('node_modules/.bin/vitest', 'run', '--project', ...args)

test('a solution, a step, a sink and a service are written', async () => {
  const solution = await weir('new', 'solution', 'sky-watch')
  expect(solution).toContain('wrote    solutions/sky-watch/solution.ts\n')
  expect(solution).toContain('changed  solutions/index.ts\n')
  expect(solution).toContain('npx weir up --solutions sky-watch')
  expect(await weir('new', 'step', 'drop-faint', '--flow', 'sky-watch')).toContain('.step(dropFaint)')
  const sink = await weir('new', 'sink', 'raw-readings', '--topic', 'sky-watch.received')
  expect(sink).toContain('changed  solutions/sky-watch/topics.ts\n')
  expect(await weir('new', 'service', 'night-desk')).toContain('changed  contracts/services.ts\n')
  await expect(weir('new', 'solution', 'sky-watch')).rejects.toThrow('already called sky-watch')
})

test('the copy with the new parts passes npm run check', () => run('npm', 'run', 'check'))

test('the unit tests of the new parts pass, and those of tables and generated files', async () => {
  const files = ['solutions', 'deploy', 'contracts', 'tools/generate', 'tools/weir/status', 'test/layers']
  expect(await vitest('unit', ...files)).toMatch(/Test Files .* passed/)
})

test('the new service starts on a real Kafka', async () => {
  const [kafka, registry] = await Promise.all([servers.kafka(), servers.registry()])
  const file = join(copy, 'servers.json')
  await writeFile(file, JSON.stringify({ kafka, registry }))
  env.WEIR_TEST_SERVERS = file
  expect(await vitest('integration', 'services/night-desk')).toMatch(/1 passed/)
})

test('the new solution runs under weir up', async () => {
  const parts = 'kafka,registry,redis,ingest-hub,enricher,simulator'
  try {
    const ready = await weir('up', '--solutions', 'sky-watch', '--only', parts)
    expect(ready).toContain('Sky watch\n')
    expect(ready).not.toContain('Taxi telemetry')
    const records = await weir('tail', 'sky-watch.checked', '--from', 'earliest', '--count', '5', '--json')
    for (const line of records.trimEnd().split('\n'))
      expect(JSON.parse(line).value).toMatchObject({
        sensorId: expect.any(String),
        isHigh: expect.any(Boolean),
      })
  } finally {
    await weir('down')
  }
})
