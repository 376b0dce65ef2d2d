/** WeirQuietHours, an attribute of subscriptions: when a receiver gets nothing but a summary afterwards. */
import { list, object, oneOf, read, text } from '@weir/topics/shape.ts'
import type { Subscription } from '../notifications/entries.ts'
import { type AlertAttributes, SEVERITIES } from './attributes.ts'

export interface QuietHours {
  /** Minutes since midnight, where the receiver is. `to` is at most that of the next day. */
  readonly from: number
  readonly to: number
  /** The days on which the hours begin, as positions in DAYS. */
  readonly days: ReadonlySet<number>
  readonly clock: Intl.DateTimeFormat
  /** Alerts of these severities are delivered at once. */
  readonly except: readonly string[]
}

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const
const TIME = /^([01]\d|2[0-3]):([0-5]\d)$/
const END = /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/
const DAY_MINUTES = 1440
const MINUTE_MS = 60_000

const shape = object(
  {
    from: text({ max: 5, pattern: TIME, like: 'a time such as 22:00' }),
    to: text({ max: 5, pattern: END, like: 'a time such as 07:00, at most 24:00' }),
    timeZone: text({ max: 64 }),
  },
  {
    days: list(oneOf(...DAYS), { min: 1, max: DAYS.length }),
    except: list(oneOf(...SEVERITIES), { max: SEVERITIES.length }),
  },
)

/** Throws an error with a sentence if the text has no quiet hours. */
export function parseQuietHours(source: string): QuietHours {
  const { from, to, timeZone, days = DAYS, except = [] } = read(shape, JSON.parse(source), 'refused')
  if (from === to) throw new Error('from and to must differ.')
  const hours = { from: minutesOf(from), to: minutesOf(to), days: new Set(days.map(positionOf)) }
  if (hours.to - hours.from === DAY_MINUTES && hours.days.size === DAYS.length)
    throw new Error('days must leave one out, or the hours would never end.')
  return { ...hours, clock: clockIn(timeZone), except }
}

/** Returns a complaint in a sentence; the empty text takes the quiet hours away. */
export function complaintAboutQuietHours(source: string): string | undefined {
  if (source === '') return undefined
  try {
    parseQuietHours(source)
    return undefined
  } catch (error) {
    return error instanceof SyntaxError ? 'failed to parse JSON.' : (error as Error).message
  }
}

/**
 * Returns when the quiet hours end that the moment is in (ms since the epoch); undefined if it is in none. Those that
 * follow at once are a part of them.
 */
export function quietUntil(hours: QuietHours, now: number): number | undefined {
  let end: number | undefined
  for (let next = endOf(hours, now); next !== undefined && next > (end ?? now); next = endOf(hours, next))
    end = next
  return end
}

/** Returns when the hours end that began on one day, if the moment is in them. */
function endOf({ from, to, days, clock }: QuietHours, at: number): number | undefined {
  const { day, minutes } = localTime(clock, at)
  const begunToday = days.has(day) && from <= minutes && (to < from || minutes < to)
  const begunBefore = to < from && days.has(before(day)) && minutes < to
  if (!begunToday && !begunBefore) return undefined
  const left = begunToday && to < from ? to + DAY_MINUTES - minutes : to - minutes
  const until = Math.floor(at / MINUTE_MS) * MINUTE_MS + left * MINUTE_MS
  // Clocks may change in between: by the hour that they are off then, forwards or backwards.
  const off = (localTime(clock, until).minutes - to + 2 * DAY_MINUTES) % DAY_MINUTES
  const corrected = until - (off > DAY_MINUTES / 2 ? off - DAY_MINUTES : off) * MINUTE_MS
  // Clocks that go forward may leave the end out.
  return localTime(clock, corrected).minutes === to % DAY_MINUTES ? corrected : until
}

/** The quiet hours of subscriptions, parsed once each. */
export class AllQuietHours {
  readonly #parsed = new WeakMap<Subscription, QuietHours | null>()

  /**
   * Returns until when a subscription gets nothing; undefined if it gets the notification now.
   * @param alert undefined if the notification belongs to no incident
   */
  until(subscription: Subscription, alert: AlertAttributes | undefined, now: number): number | undefined {
    if (!subscription.attributes.WeirQuietHours) return undefined
    const hours = this.#hoursOf(subscription)
    if (hours === null || (alert !== undefined && hours.except.includes(alert.severity))) return undefined
    return quietUntil(hours, now)
  }

  /** Stored hours that this version does not accept hold nothing back. */
  #hoursOf(subscription: Subscription): QuietHours | null {
    let hours = this.#parsed.get(subscription)
    if (hours === undefined) {
      try {
        hours = parseQuietHours(subscription.attributes.WeirQuietHours)
      } catch {
        hours = null
      }
      this.#parsed.set(subscription, hours)
    }
    return hours
  }
}

const positionOf = (day: string): number => (DAYS as readonly string[]).indexOf(day)
const before = (day: number): number => (day + DAYS.length - 1) % DAYS.length

function minutesOf(time: string): number {
  const [hours, minutes] = time.split(':')
  return Number(hours) * 60 + Number(minutes)
}

function clockIn(timeZone: string): Intl.DateTimeFormat {
  const fields = { weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
  try {
    return new Intl.DateTimeFormat('en', { timeZone, ...fields })
  } catch {
    throw new Error('timeZone must be a time zone such as Europe/Berlin.')
  }
}

function localTime(clock: Intl.DateTimeFormat, at: number): { day: number; minutes: number } {
  const parts = clock.formatToParts(at)
  const part = (wanted: string): string => parts.find(({ type }) => type === wanted)!.value
  return { day: positionOf(part('weekday')), minutes: Number(part('hour')) * 60 + Number(part('minute')) }
}
