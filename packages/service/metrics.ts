/**
 * The process's metrics, as /metrics shows them. Names and units follow Prometheus: base units, _total for
 * counters, _seconds for times.
 */
import { collectDefaultMetrics, Registry } from 'prom-client'

export { Counter, Gauge, Histogram } from 'prom-client'

/** Register every metric here: `new Counter({ name, help, registers: [metrics] })`. */
export const metrics = new Registry()

collectDefaultMetrics({ register: metrics })
