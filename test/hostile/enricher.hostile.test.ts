import { ATTACKS } from './enricher-attacks.ts'
import { openEnricherTarget } from './enricher-target.ts'
import { hostile } from './suite.ts'

// ENRICHER_MEMORY_MB is 128, which is 134 MB, and V8 collects garbage a little later. The chart gives the
// enricher 1 GiB.
hostile(openEnricherTarget, new URL('enricher-attacks.ts', import.meta.url), ATTACKS, {
  growthMb: 192,
  livezMs: 2500,
})
