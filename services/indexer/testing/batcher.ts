/** The batcher of bulk requests as the sinks open it, but that it waits less for more documents. */
import { logger } from '@weir/service'
import { Batcher } from '@weir/sinks'
import type { SearchEngine } from '../engines/engine.ts'
import { bulkLayout, type Lines } from '../indices/bulk.ts'
import { engineDestination } from '../indices/destination.ts'
import { bulkMetrics } from '../indices/metrics.ts'

export function openBatcher(
  engine: SearchEngine,
  prepare: () => Promise<void>,
  { maxItems = 2000, maxBytes = 5_000_000 } = {},
): Batcher<Lines> {
  return new Batcher({
    destination: engineDestination(engine, prepare),
    layout: bulkLayout,
    metrics: bulkMetrics,
    log: logger('test'),
    maxItems,
    maxBytes,
    lingerMs: 10,
  })
}
