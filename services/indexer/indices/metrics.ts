import { Counter, Gauge, Histogram, metrics } from '@weir/service'

export const bulkMetrics = {
  requests: new Counter({
    name: 'weir_bulk_requests_total',
    help: 'Bulk requests to the search engine, by outcome.',
    labelNames: ['outcome'],
    registers: [metrics],
  }),
  seconds: new Histogram({
    name: 'weir_bulk_request_duration_seconds',
    help: 'Time from sending a bulk request to its reply.',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [metrics],
  }),
  inFlight: new Gauge({
    name: 'weir_bulk_in_flight_requests',
    help: 'Bulk requests in progress.',
    registers: [metrics],
  }),
  limit: new Gauge({
    name: 'weir_bulk_limit_requests',
    help: 'Maximum number of bulk requests in progress; shrinks when the engine is overloaded.',
    registers: [metrics],
  }),
}
