/** Checks the entries of weir.control.functions before they are applied. */
import type { CheckState } from '@weir/control'
import { flag, integer, map, object, read, text } from '@weir/topics/shape.ts'

const functionName = text({ max: 64, pattern: /^[a-zA-Z0-9_-]+$/, like: 'letters, digits, _ and -' })

/** The bounds of the API (api/deploy-model.ts). Name and file become a path. */
const deployed = object({
  name: functionName,
  file: text({ max: 64, pattern: /^[a-zA-Z0-9_-]+\.(mjs|cjs|js|mts|cts|ts)$/, like: 'like index.mjs' }),
  handler: text({ max: 128, pattern: /^[a-zA-Z0-9_-]+\.[a-zA-Z0-9_$]+$/, like: 'like index.handler' }),
  code: text({ max: 512 << 10 }),
  memoryMb: integer({ min: 128, max: 10_240 }),
  timeoutMs: integer({ min: 1000, max: 900_000 }),
  concurrency: integer({ min: 1, max: 1000 }),
  environment: map(
    text({ max: 256, pattern: /^[a-zA-Z][a-zA-Z0-9_]*$/, like: 'a name of a variable' }),
    text({ min: 0, max: 4096 }),
    { max: 1000 },
  ),
  deployedAt: integer({ min: 0, max: 8.64e15 }),
})

const mapping = object({
  id: text({ max: 128 }),
  functionName: text({ max: 170 }),
  groupId: text({ max: 249 }),
  enabled: flag,
  decode: flag,
})

export const checks = {
  function: (state, id) => {
    if (read(deployed, state, 'ignored').name !== id) {
      throw new Error('The function is stored under the name of another one.')
    }
  },
  mapping: (state, id) => {
    if (read(mapping, state, 'ignored').id !== id) {
      throw new Error('The mapping is stored under the id of another one.')
    }
  },
  window: (state) =>
    void read(
      object({ start: integer({ min: 0, max: 8.64e15 }), offset: integer({ min: 0, max: Number.MAX_SAFE_INTEGER }) }),
      state,
      'ignored',
    ),
} satisfies Record<string, CheckState>
