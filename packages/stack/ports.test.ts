import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { isFetchable } from '@weir/egress/ports.ts'
import { expect, test } from 'vitest'
import { freePorts } from './ports.ts'

test('a reserved port is not reserved again, although nothing listens on it yet, and no outgoing connection gets it', async () => {
  const ports: number[] = []
  for (let call = 0; call < 20; call++) ports.push(...(await freePorts(50)))
  expect(new Set(ports).size).toBe(1000)
  expect(ports.every(isFetchable)).toBe(true)
  // From here on, Linux assigns ports to outgoing connections.
  expect(Math.max(...ports)).toBeLessThan(32_768)
})

test('another process gets ports of other blocks', async () => {
  const code = `import { freePorts } from ${JSON.stringify(join(import.meta.dirname, 'ports.ts'))}
    console.log(JSON.stringify(await freePorts(1000)))`
  const [ours, { stdout }] = await Promise.all([
    freePorts(1000),
    promisify(execFile)(process.execPath, ['--input-type=module', '-e', code]),
  ])
  const theirs: number[] = JSON.parse(stdout)
  expect(theirs).toHaveLength(1000)
  expect(theirs.filter((port) => ours.includes(port))).toEqual([])
})
