/** What the page of the fleet shows: the trucks with their recent temperatures, findings, incidents and deliveries. */
import type { DeliveryAttempt, Finding, Incident } from '@weir/contracts'
import type { FastifyRequest } from 'fastify'
import type { ApplicationDefinition } from '../solution.ts'
import { TRUCK_FAULTS, type TruckFault } from './faults.ts'
import type { TruckReading } from './generated/types.ts'
import { Trucks } from './trucks.ts'

const READINGS = 'fleet.readings'
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** The topics of notifications that belong to the fleet. */
const NOTIFICATIONS = /^fleet-/
const MAX_FINDINGS = 100
const MAX_DELIVERIES = 50
const MAX_INCIDENTS = 100
const MAX_TEXT_CHARACTERS = 500
const PARAMS = {
  type: 'object',
  properties: { id: { type: 'string', pattern: '^[\\x21-\\x7e]{1,100}$' } },
} as const

export const application: ApplicationDefinition = {
  async open({ identify, requireRead, recent, table }) {
    const trucks = new Trucks()
    const findings = new Newest<Finding>(MAX_FINDINGS)
    const incidents = new Newest<Incident>(MAX_INCIDENTS)
    const deliveries = new Newest<DeliveryAttempt>(MAX_DELIVERIES)
    const topics = await Promise.all([
      recent(READINGS, Trucks.KEPT_MS, (reading: TruckReading) => trucks.add(reading)),
      recent('fleet.findings', DAY_MS, (finding: Finding) =>
        findings.add(`${finding.device}/${finding.id}`, finding),
      ),
      recent('weir.incidents', DAY_MS, (incident: Incident) => {
        if (NOTIFICATIONS.test(incident.topic)) incidents.add(incident.id, incident)
      }),
      recent('weir.notifications.attempts', HOUR_MS, (attempt: DeliveryAttempt) => {
        const { topic, subscription, messageId, attempts, outcome } = attempt
        if (NOTIFICATIONS.test(topic))
          deliveries.add(`${subscription}/${messageId}/${attempts}/${outcome}`, attempt)
      }),
    ])
    const faults = table(TRUCK_FAULTS)
    const classes = table('cargo-classes')
    const faultOf = (truck: string): TruckFault | null =>
      (faults.entries.get(truck) as { fault: TruckFault } | undefined)?.fault ?? null

    return {
      routes(app) {
        app.get<{ Params: { id: string } }>(
          '/v1/fleet/trucks/:id/readings',
          {
            schema: { params: PARAMS },
            onRequest: async (request: FastifyRequest) => requireRead(identify(request), READINGS),
          },
          async ({ params: { id } }, reply) => {
            await topics[0].read()
            return reply.header('cache-control', 'no-store').send({ readings: trucks.readingsOf(id) })
          },
        )
      },
      async snapshot() {
        await Promise.all(topics.map((topic) => topic.read()))
        return {
          classes: Object.fromEntries(classes.entries),
          ...trucks.shown(Date.now(), faultOf),
          findings: findings.newestFirst(),
          incidents: incidents
            .newestFirst()
            .toSorted((a, b) => Number(a.status === 'resolved') - Number(b.status === 'resolved'))
            .map(incidentShown),
          deliveries: deliveries.newestFirst().map(deliveryShown),
        }
      },
    }
  },
}

/** The newest values by key, up to a bound. */
class Newest<T> {
  readonly #max: number
  readonly #values = new Map<string, T>()

  constructor(max: number) {
    this.#max = max
  }

  add(key: string, value: T): void {
    this.#values.delete(key)
    this.#values.set(key, value)
    if (this.#values.size > this.#max) this.#values.delete(this.#values.keys().next().value!)
  }

  newestFirst(): T[] {
    return [...this.#values.values()].reverse()
  }
}

/** Without the token, which would acknowledge the incident without a key. */
const incidentShown = ({
  token: _token,
  attributes: _attributes,
  topicId: _id,
  history: _history,
  ...incident
}: Incident) => ({
  ...incident,
  message: incident.message.slice(0, MAX_TEXT_CHARACTERS).toWellFormed(),
})

const deliveryShown = ({
  startedAt,
  topic,
  protocol,
  outcome,
  status,
  answer,
  attempts,
  durationMs,
  messageId,
}: DeliveryAttempt) => ({
  at: startedAt,
  topic,
  protocol,
  outcome,
  status,
  answer,
  attempts,
  durationMs,
  messageId,
})
