/** WeirQuietHours, an attribute of subscriptions: when a receiver gets nothing but a summary afterwards. */
import { list, object, oneOf, read, text } from '@weir/topics/shape.ts'
import type { Subscription } from '../notifications/entries.ts'
import { type AlertAttributes, SEVERITIES } from './attributes.ts'

export interface QuietHours {
  /** Minutes since midnight, where the receiver is. */
  readonly from: number
  readonly to: number
  readonly clock: Intl.DateTimeFormat
  /** Alerts of these severities are delivered at once. */
  readonly except: readonly string[]
}

const TIME = /^([01]\d|2[0-3]):([0-5]\d)$/
const DAY_MINUTES = 1440
const MINUTE_MS = 60_000

const time = text({ max: 5, pattern: TIME, like: 'a time such as 22:00' })
const shape = object(
  { from: time, to: time, timeZone: text({ max: 64 }) },
  { except: list(oneOf(...SEVERITIES), { max: SEVERITIES.length }) },
)

/** Throws an error with a sentence if the text has no quiet hours. */
export function parseQuietHours(source: string): QuietHours {
  const { from, to, timeZone, except = [] } = read(shape, JSON.parse(source), 'refused')
  if (from === to) throw new Error('from and to must differ.')
  return { from: minutesOf(from), to: minutesOf(to), clock: clockIn(timeZone), except }
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

/** Returns when the quiet hours end that the moment is in (ms since the epoch); undefined if it is in none. */
export function quietUntil({ from, to, clock }: QuietHours, now: number): number | undefined {
  const minutes = localMinutes(clock, now)
  const isQuiet = from < to ? from <= minutes && minutes < to : from <= minutes || minutes < to
  if (!isQuiet) return undefined
  const until = Math.floor(now / MINUTE_MS) * MINUTE_MS + ahead(to - minutes) * MINUTE_MS
  // Clocks may change in between: by the hour that they are off then, forwards or backwards.
  const off = ahead(localMinutes(clock, until) - to)
  return until - (off > DAY_MINUTES / 2 ? off - DAY_MINUTES : off) * MINUTE_MS
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

function minutesOf(source: string): number {
  const [, hours, minutes] = TIME.exec(source)!
  return Number(hours) * 60 + Number(minutes)
}

function clockIn(timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  } catch {
    throw new Error('timeZone must be a time zone such as Europe/Berlin.')
  }
}

function localMinutes(clock: Intl.DateTimeFormat, at: number): number {
  const parts = clock.formatToParts(at)
  const part = (wanted: string): number => Number(parts.find(({ type }) => type === wanted)!.value)
  return part('hour') * 60 + part('minute')
}

const ahead = (minutes: number): number => (minutes + DAY_MINUTES) % DAY_MINUTES
