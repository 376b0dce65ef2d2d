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
