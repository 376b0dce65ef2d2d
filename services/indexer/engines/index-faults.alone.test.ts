/**
 * Faults of an index or of the whole cluster: documents wait, and nothing becomes a dead letter. Alone, since
 * it changes settings of engines that other tests use.
 */
import { randomUUID } from 'node:crypto'
import { type Batcher, deliver, type Fault, Holds, type Settlement } from '@weir/sinks'
import { servers } from '@weir/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { actionOf, type Lines } from '../indices/bulk.ts'
import { indexTemplate } from '../indices/template.ts'
import { openBatcher } from '../testing/batcher.ts'
import { openEngine, PROPERTIES, report } from '../testing/reports.ts'
import type { SearchEngine } from './engine.ts'
import { ENGINES } from './open.ts'

const SOON = { timeout: 15_000 }
const NEVER = new AbortController().signal

interface IndexFault {
  /** The beginning of the log message: type and remedy. */
  readonly told: string
  breaks(index: string): Promise<unknown>
  mends(index: string): Promise<unknown>
}

describe.each(ENGINES)('the batcher with %s', (name) => {
  let engine: SearchEngine
  let prefix: string
  let index: string
  let url: string
  let batcher: Batcher<Lines>
  let holds: Holds
  /** The log message for each index. */
  let told: Record<string, string>
  beforeAll(async () => {
    engine = await openEngine(name)
  })
  afterAll(() => engine?.close())
  beforeEach(async () => {
    prefix = `faults-${randomUUID()}`
    index = `${prefix}-2026.11.22`
    await engine.putTemplate(indexTemplate({ prefix, properties: PROPERTIES } as never, 0))
    url = (await servers.search(name)).url
    batcher = openBatcher(engine, () => Promise.resolve())
    told = {}
    const error = ({ target, type, remedy }: Fault): void => {
      told[target] = `${type}: ${remedy}`
    }
    holds = new Holds({ sink: 'conformance', unit: 'document', log: { error, info: () => {} } as never })
  })
  afterEach(() => batcher.stop())

  async function call(method: string, path: string, body?: object): Promise<void> {
    const headers = { 'content-type': 'application/json' }
    const reply = await fetch(`${url}/${path}`, { method, headers, body: body && JSON.stringify(body) })
    if (!reply.ok) throw new Error(`${method} ${path}: ${await reply.text()}`)
  }
  const cluster = (setting: string, value: unknown) =>
    call('PUT', '_cluster/settings', { persistent: { [setting]: value } })
  const set = (of: string, setting: string, value: unknown) =>
    call('PUT', `${of}/_settings`, { [setting]: value })
  const make = (of: string, settings: object = {}, more: object = {}) =>
    call('PUT', of, { settings, ...more })
  const send = (to: string, partition: number, documents: readonly unknown[]) => {
    const add = (i: number, owner: Settlement): void =>
      batcher.add(
        {
          action: actionOf(to),
          id: JSON.stringify(`${partition}-${i}`),
          document: JSON.stringify(documents[i]),
        },
        owner,
        i,
      )
    return deliver({ length: documents.length, partition }, NEVER, { batcher, holds, add })
  }

  const documents: object[] = Array.from({ length: 20 }, (_, i) => ({
    ...report(i),
    one: i,
    two: i,
    three: i,
  }))
  const withUnfit = documents.toSpliced(10, 0, { ...report(1), speed: 'unfit', one: 1 })

  /** Whether the index has all documents in the order in which they were sent. */
  const hasAllInOrder = async (of: string): Promise<boolean> => {
    await engine.refresh(of)
    const { hits } = await engine.search(of, {
      size: 100,
      sort: [{ _seq_no: 'asc' }],
      query: { match_all: {} },
    })
    return (
      hits.hits.map(({ _source }) => _source.device).join() === documents.map((_, i) => `taxi-${i}`).join()
    )
  }

  const indexFaults: Readonly<Record<string, IndexFault>> = {
    closed: {
      told: 'index_closed_exception: open the index',
      breaks: (of) => make(of).then(() => call('POST', `${of}/_close`)),
      mends: (of) => call('POST', `${of}/_open`),
    },
    alias: {
      told: 'illegal_argument_exception: set is_write_index',
      breaks: (of) =>
        Promise.all(['one', 'two'].map((i) => make(`${prefix}-${i}`, {}, { aliases: { [of]: {} } }))),
      mends: (alias) =>
        call('POST', '_aliases', {
          actions: [{ add: { index: `${prefix}-one`, alias, is_write_index: true } }],
        }),
    },
    blocked: {
      told: 'cluster_block_exception: free disk space on nodes that are full, and unset the block',
      breaks: (of) => make(of, { 'index.blocks.write': true }),
      mends: (of) => set(of, 'index.blocks.write', null),
    },
    flooded: {
      told: 'cluster_block_exception: free disk space on nodes that are full, and unset the block',
      breaks: (of) => make(of, { 'index.blocks.read_only_allow_delete': true }),
      mends: (of) => set(of, 'index.blocks.read_only_allow_delete', null),
    },
    full: {
      told: '_exception: raise index.mapping.total_fields.limit',
      breaks: (of) => make(of, { 'index.mapping.total_fields.limit': 6 }, { mappings: { dynamic: true } }),
      mends: (of) => set(of, 'index.mapping.total_fields.limit', 100),
    },
    pipeline: {
      told: 'illegal_argument_exception: create the ingest pipeline',
      breaks: (of) => make(of, { 'index.default_pipeline': 'no-such-pipeline' }),
      mends: (of) => set(of, 'index.default_pipeline', null),
    },
    unknown: {
      told: 'illegal_argument_exception: Weir does not know this error',
      breaks: (of) =>
        call('PUT', `_index_template/${of}`, {
          index_patterns: [of],
          priority: 300,
          template: { settings: { 'index.sort.field': 'nowhere' } },
        }),
      mends: (of) => call('DELETE', `_index_template/${of}`),
    },
  }
  const names = Object.keys(indexFaults)
  const indexNamed = (fault: string) => `${prefix}-${fault}`

  test(`holds documents of indices with faults (${names.join(', ')}) until the remedy, in order, and indexes others`, async () => {
    const neighbour = indexNamed('neighbour')
    await Promise.all([
      make(neighbour),
      ...names.map((fault) => indexFaults[fault].breaks(indexNamed(fault))),
    ])
    const held = names.map((fault, partition) => send(indexNamed(fault), partition, withUnfit))
    const expected = names.map((fault) => [
      indexNamed(fault),
      expect.stringContaining(indexFaults[fault].told),
    ])
    await vi.waitFor(() => expect(told).toEqual(Object.fromEntries(expected)), SOON)
    expect(await send(neighbour, names.length, documents)).toMatchObject({ created: 20, dead: [] })
    expect(holds.reason).toMatch(/ documents wait because of \S+ \(\w+_exception\): .+; \d+ documents wait /)
    await Promise.all(names.map((fault) => indexFaults[fault].mends(indexNamed(fault))))
    for (const settled of await Promise.all(held)) {
      expect(settled).toMatchObject({ created: 20, dead: [{ record: 10, cause: { code: 'rejected' } }] })
      expect(settled.dead).toHaveLength(1)
    }
    expect(holds.reason).toBeUndefined()
    expect(await Promise.all(names.map((fault) => hasAllInOrder(indexNamed(fault))))).toEqual(
      names.map(() => true),
    )
  })

  test.each([
    ['cluster.max_shards_per_node', 1, 'validation_exception'],
    ['action.auto_create_index', 'false', 'index_not_found_exception'],
  ])('holds documents while %s prevents the next index, and indexes others', async (setting, value, type) => {
    const neighbour = indexNamed('neighbour')
    await make(neighbour)
    await cluster(setting, value)
    try {
      const held = send(index, 0, withUnfit)
      const reason = `21 documents wait because of ${index} (${type}): `
      await vi.waitFor(() => expect(holds.reason).toContain(reason), SOON)
      expect(holds.reason).toContain(setting)
      expect(await send(neighbour, 1, documents)).toMatchObject({ created: 20, dead: [] })
      await cluster(setting, null)
      expect(await held).toMatchObject({ created: 20, dead: [{ record: 10 }] })
    } finally {
      await cluster(setting, null)
    }
    expect(await hasAllInOrder(index)).toBe(true)
  })

  test('holds and repeats all requests while the cluster is read-only', async () => {
    await make(index)
    await cluster('cluster.blocks.read_only', true)
    try {
      const held = send(index, 0, [report(1)])
      await vi.waitFor(() => expect(batcher.ready).toMatch(/^blocked: .*cluster\.blocks/), SOON)
      await cluster('cluster.blocks.read_only', null)
      expect(await held).toMatchObject({ created: 1, dead: [] })
      expect(batcher.ready).toBe(true)
    } finally {
      await cluster('cluster.blocks.read_only', null)
    }
  })
})
