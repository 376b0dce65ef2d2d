import { ATTACKS } from './enricher-attacks.ts'
import { openEnricherTarget } from './enricher-target.ts'
import { hostile } from './suite.ts'

// ENRICHER_MEMORY_MB is 128; what a request takes is counted from above.
hostile(openEnricherTarget, new URL('enricher-attacks.ts', import.meta.url), ATTACKS, { growthMb: 160, livezMs: 2500 })
