/** The sessions of all clients, on whichever replica they are connected, and the filters they subscribe to. */
import type { DeviceSession, DeviceSubscription } from '@weir/contracts'
import { AWS_LIMITS, FilterTree, filterProblem } from '@weir/iot-sql'

/** A subscription of a session. */
export interface Subscribed {
  readonly clientId: string
  readonly subscription: DeviceSubscription
  /** Undefined if the subscription is not shared. */
  readonly group: string | undefined
}

const SHARED = /^\$share\/([^/+#]+)\/(.+)$/s

/** The filter of topics of a subscription, without the group that shares it. */
export function unshared(filter: string): { readonly group: string | undefined; readonly filter: string } {
  const found = SHARED.exec(filter)
  return found === null ? { group: undefined, filter } : { group: found[1], filter: found[2] }
}

/** Says in one sentence why clients cannot subscribe to the filter. Undefined if they can. */
export function subscriptionProblem(filter: string): string | undefined {
  const { filter: inner, group } = unshared(filter)
  if (group === undefined && /^\$share(\/|$)/.test(filter))
    return 'A shared subscription must be $share/GROUP/FILTER, and GROUP must not have wildcards.'
  return filterProblem(inner, AWS_LIMITS)
}

/** Whether the first session comes after the second one of the same client. */
export const isNewer = (a: DeviceSession, b: DeviceSession): boolean =>
  a.epoch > b.epoch || (a.epoch === b.epoch && a.connection >= b.connection)

export class SessionTable {
  readonly #sessions = new Map<string, DeviceSession>()
  readonly #subscribed = new Map<string, Subscribed[]>()
  readonly #tree = new FilterTree<Subscribed>('mqtt')

  get(clientId: string): DeviceSession | undefined {
    return this.#sessions.get(clientId)
  }

  all(): Iterable<DeviceSession> {
    return this.#sessions.values()
  }

  get size(): number {
    return this.#sessions.size
  }

  /** Takes the session in the place of the client's earlier one. */
  set(session: DeviceSession): void {
    this.delete(session.clientId)
    this.#sessions.set(session.clientId, session)
    const subscribed = session.subscriptions.map((subscription): Subscribed => {
      const { group } = unshared(subscription.filter)
      return { clientId: session.clientId, subscription, group }
    })
    for (const one of subscribed) this.#tree.add(unshared(one.subscription.filter).filter, one)
    if (subscribed.length > 0) this.#subscribed.set(session.clientId, subscribed)
  }

  delete(clientId: string): void {
    this.#sessions.delete(clientId)
    for (const one of this.#subscribed.get(clientId) ?? [])
      this.#tree.remove(unshared(one.subscription.filter).filter, one)
    this.#subscribed.delete(clientId)
  }

  clear(): void {
    for (const clientId of [...this.#sessions.keys()]) this.delete(clientId)
  }

  /** Whether any subscription matches the topic. */
  isWanted(topic: string): boolean {
    return this.#tree.size > 0 && this.#tree.match(topic).length > 0
  }

  /**
   * The subscriptions of each client to which the message goes.
   * @param turn chooses the client of each group that shares a subscription; all replicas pass the same one
   */
  receivers(topic: string, turn: number): Map<string, Subscribed[]> {
    const chosen = new Map<string, Subscribed[]>()
    const choose = (one: Subscribed): void => {
      const found = chosen.get(one.clientId)
      if (found === undefined) chosen.set(one.clientId, [one])
      else found.push(one)
    }
    const groups = new Map<string, Subscribed[]>()
    for (const one of this.#tree.size > 0 ? this.#tree.match(topic) : []) {
      if (one.group === undefined) choose(one)
      else {
        const members = groups.get(one.subscription.filter) ?? []
        members.push(one)
        groups.set(one.subscription.filter, members)
      }
    }
    for (const members of groups.values()) {
      const connected = members.filter(({ clientId }) => this.#sessions.get(clientId)?.connected)
      const among = connected.length > 0 ? connected : members
      among.sort((a, b) => (a.clientId < b.clientId ? -1 : 1))
      choose(among[turn % among.length])
    }
    return chosen
  }
}
