/**
 * Sinks into search indices. They share the bulk requests and the limit on requests in flight, since they
 * share the engine. If the engine is down, the sinks wait for it.
 */
import { Batcher, deliver, Holds, type SinkWriter } from '@weir/sinks'
import type { SinkDefinition } from '@weir/solutions/solution.ts'
import type { SinkKind, SinksDeps } from '../sink-kind.ts'
import { bulkLayout } from './bulk.ts'
import { engineDestination } from './destination.ts'
import { documents } from './documents.ts'
import { bulkMetrics } from './metrics.ts'
import { indexTemplate } from './template.ts'

/** Each partition is read in batches of about one bulk request, so that the records in flight stay few. */
const BULK = { maxBytes: 5_000_000, maxItems: 2000, lingerMs: 50 } as const

export function openIndices(
  definitions: readonly SinkDefinition[],
  { engine, replicas, codec, log }: SinksDeps,
): SinkKind {
  const prepare = async (): Promise<void> => {
    for (const { to } of definitions) await engine.putTemplate(indexTemplate(to.index, replicas))
  }
  const destination = engineDestination(engine, prepare)
  const batcher = new Batcher({ destination, layout: bulkLayout, metrics: bulkMetrics, log, ...BULK })

  async function writer(name: string, { source, to }: SinkDefinition): Promise<SinkWriter> {
    const reader = await codec.reader(source)
    const lines = { action: '', id: '', document: '' }
    const document = documents(to.index, reader, lines)
    const holds = new Holds({ sink: name, unit: 'document', log })
    return {
      maxBatchRecords: BULK.maxItems,
      async write(batch, signal) {
        await reader.prepare(batch)
        return deliver(batch, signal, {
          batcher,
          holds,
          add(i, owner) {
            const refusal = document(batch, i)
            if (refusal) owner.refused(i, refusal.step, refusal.cause)
            else batcher.add(lines, owner, i)
          },
        })
      },
      get ready() {
        return batcher.ready
      },
      get held() {
        return holds.reason
      },
    }
  }

  return {
    ready: { search: () => batcher.ready },
    writer,
    stop: () => batcher.stop(),
  }
}
