import { ATTACKS } from './hub-attacks.ts'
import { openHubTarget } from './hub-target.ts'
import { hostile } from './suite.ts'

// The chart gives the hub 512 MiB, of which the hub itself needs about 120.
hostile(openHubTarget, new URL('hub-attacks.ts', import.meta.url), ATTACKS, { growthMb: 128, livezMs: 2500 })
