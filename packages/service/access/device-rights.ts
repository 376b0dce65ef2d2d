/** Rights on topics of MQTT: topic filters, in which a level may be `${clientId}`. */

export interface DeviceRights {
  /** Whether a client with this id may publish to the topic. */
  mayPublish(topic: string, clientId: string): boolean
  /** Whether a client with this id may subscribe to everything that the filter matches. */
  maySubscribe(filter: string, clientId: string): boolean
}

export const ALL_DEVICE_RIGHTS: DeviceRights = { mayPublish: () => true, maySubscribe: () => true }

const CLIENT_ID = '${clientId}'
const MAX_FILTERS = 100
const MAX_FILTER_LENGTH = 256

/**
 * Reads `{ "publish": [filters], "subscribe": [filters] }`. Undefined if it is not of this form. Without it, a
 * key has no rights on topics of MQTT.
 */
export function deviceRights(value: unknown): DeviceRights | undefined {
  if (value === undefined) return { mayPublish: () => false, maySubscribe: () => false }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { publish = [], subscribe = [], ...others } = value as Readonly<Record<string, unknown>>
  if (Object.keys(others).length > 0 || !areFilters(publish) || !areFilters(subscribe)) return undefined
  const allows = (filters: readonly string[]) => {
    const split = filters.map((filter) => filter.split('/'))
    return (asked: string, clientId: string): boolean => {
      const levels = asked.split('/')
      return split.some((filter) => covers(filter, levels, clientId))
    }
  }
  return { mayPublish: allows(publish), maySubscribe: allows(subscribe) }
}

function areFilters(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length <= MAX_FILTERS &&
    value.every(
      (filter) =>
        typeof filter === 'string' &&
        filter.length > 0 &&
        filter.length <= MAX_FILTER_LENGTH &&
        !/[^/]\+|\+[^/]|[^/]#|#./.test(filter),
    )
  )
}

/** Whether the filter matches everything that `asked`, a topic or a filter, matches. */
function covers(filter: readonly string[], asked: readonly string[], clientId: string): boolean {
  // As for subscriptions, a wildcard at the first level does not match topics of the broker itself.
  if (asked[0].startsWith('$') && (filter[0] === '+' || filter[0] === '#')) return false
  for (const [i, level] of filter.entries()) {
    if (level === '#') return true
    if (i >= asked.length || asked[i] === '#') return false
    if (level === '+') continue
    // A client id is plain text: `+` in it does not act as a wildcard, and an id with `/` matches no level.
    if (asked[i] === '+' || asked[i] !== level.replaceAll(CLIENT_ID, () => clientId)) return false
  }
  return filter.length === asked.length
}
