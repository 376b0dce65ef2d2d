import { expect, test } from 'vitest'
import { isFetchable } from './ports.ts'

/** fetch finds a bad port before it connects; only the error's cause says so. */
const refusal = (port: number): Promise<string> =>
  fetch(`http://127.0.0.1:${port}/`, { method: 'HEAD', signal: AbortSignal.timeout(2000) }).then(
    () => '',
    (error: Error) => (error.cause as Error | undefined)?.message ?? error.message,
  )

test('the ports that cannot be fetched are those that fetch refuses', async () => {
  const ports = Array.from({ length: 10_100 }, (_, i) => i + 1)
  const refused = ports.filter((port) => !isFetchable(port))
  expect(refused).toHaveLength(82)
  for (const port of refused) expect([port, await refusal(port)]).toEqual([port, 'bad port'])
  for (const port of [80, 443, 8080, 8181, 9200]) expect(await refusal(port)).not.toBe('bad port')
})
