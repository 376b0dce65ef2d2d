import { expect, test } from 'vitest'
import { actionOf, bulkLayout, indexOf, type Lines } from './bulk.ts'

const linesOf = (n: number): Lines => ({
  action: actionOf('taxi-2026.11.22'),
  id: JSON.stringify(`id-${n}`),
  document: JSON.stringify({ n, text: '漢字'.repeat(n % 4) }),
})

test('a document is two lines of NDJSON with the counted number of bytes', () => {
  for (const n of [0, 3]) {
    const bytes = Buffer.alloc(1000)
    const end = bulkLayout.write(linesOf(n), bytes, 0)
    expect(end).toBe(bulkLayout.bytes(linesOf(n)))
    expect(end).toBeLessThanOrEqual(bulkLayout.maxBytes(linesOf(n)))
    const [first, second, rest] = bytes.toString('utf8', 0, end).split('\n')
    expect(JSON.parse(first)).toEqual({ create: { _index: 'taxi-2026.11.22', _id: `id-${n}` } })
    expect(JSON.parse(second)).toEqual({ n, text: '漢字'.repeat(n % 4) })
    expect(rest).toBe('')
    expect(indexOf(bytes.subarray(0, end))).toBe('taxi-2026.11.22')
  }
})
