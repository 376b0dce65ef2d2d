/** The entries that a decision reads, so that decisions about different entries share a transaction. */
import type { Scope } from '@weir/control'

const topicOf = (name: string): string => `topic/${name}`

/** A topic itself; its subscriptions may come and go only before or after. */
export const topicScope = (name: string): Scope => ({ changes: [topicOf(name)] })

/** The subscription of a topic with this protocol and endpoint, whether it exists or not. */
export function endpointScope(topic: string, protocol: string, endpoint: string): Scope {
  return { reads: [topicOf(topic)], changes: [`endpoint/${topic}/${protocol}/${endpoint}`] }
}

/** An endpoint of mobile push, by its token. */
export function tokenScope(application: string, token: string): Scope {
  return { reads: [`application/${application}`], changes: [`token/${application}/${token}`] }
}

/** An application of mobile push itself, with all its endpoints. */
export const applicationScope = (id: string): Scope => ({ changes: [`application/${id}`] })
