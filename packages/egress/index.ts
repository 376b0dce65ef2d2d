/** The guard of outgoing HTTP requests that users direct: deliveries, webhooks, actions of rules. */
export { type EgressConfig, egressConfig } from './config.ts'
export { type Egress, openEgress } from './egress.ts'
export { EgressError, type EgressErrorCode } from './errors.ts'
export type { EgressRequest, EgressResponse } from './request.ts'
