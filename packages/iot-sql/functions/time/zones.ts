/** Time zones: names of the IANA database, which Node.js has with ICU, and fixed offsets. */

import type { Evaluation } from '../../evaluation/evaluation.ts'

/** A zone whose offset may change over time. */
export interface Zone {
  readonly id: string
  /** Milliseconds to add to UTC at a time. */
  offsetAt(epochMs: number): number
  /** An abbreviation such as CST, or +09:00 if English has no abbreviation. */
  nameAt(epochMs: number, style: 'short' | 'long'): string
}

/** Zones that are kept; each takes some kilobytes. */
const MAX_ZONES = 64
/** Steps to make a zone with its names, which takes a millisecond. */
const STEPS_OF_ZONE = 50_000
/** The longest name of the database has 32 characters. */
const MAX_ID_LENGTH = 64
/** Each region of English abbreviates the zones of its own part of the world. */
const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-IN']
const OFFSET = /^(?:UTC|GMT|UT)?(?:([+-])(\d{1,2})(?::?([0-5]\d))?(?::?([0-5]\d))?)?$/

/** Abbreviations that Java reads as the zone of a region. */
const ABBREVIATIONS: ReadonlyMap<string, string> = new Map([
  ...pairs('America/New_York', 'EST EDT'),
  ...pairs('America/Chicago', 'CST CDT'),
  ...pairs('America/Denver', 'MST MDT'),
  ...pairs('America/Los_Angeles', 'PST PDT'),
  ...pairs('Europe/Paris', 'CET CEST'),
  ...pairs('Europe/Helsinki', 'EET EEST'),
  ...pairs('Europe/Lisbon', 'WET WEST'),
  ...pairs('Europe/London', 'BST'),
  ...pairs('Asia/Tokyo', 'JST'),
  ...pairs('Asia/Kolkata', 'IST'),
  ...pairs('Australia/Sydney', 'AEST AEDT'),
])

const zones = new Map<string, Zone>()

/** The zone of a name such as America/Belize, CST, UTC or +01:00. Undefined if there is none. */
export function zoneOf(id: string, evaluation: Evaluation): Zone | undefined {
  if (id.length > MAX_ID_LENGTH) return undefined
  const known = zones.get(id)
  if (known !== undefined) return known
  const fixed = fixedZone(id)
  if (fixed !== undefined) return fixed
  evaluation.count(STEPS_OF_ZONE)
  const zone = region(ABBREVIATIONS.get(id) ?? id)
  if (zone === undefined) return undefined
  if (zones.size >= MAX_ZONES) zones.clear()
  zones.set(id, zone)
  return zone
}

/** Milliseconds as +hh:mm, or with another separator. */
export function offsetText(offsetMs: number, separator: string): string {
  const minutes = Math.trunc(Math.abs(offsetMs) / 60_000)
  const two = (number: number): string => String(number).padStart(2, '0')
  return `${offsetMs < 0 ? '-' : '+'}${two(Math.trunc(minutes / 60))}${separator}${two(minutes % 60)}`
}

function fixedZone(id: string): Zone | undefined {
  const match = id === 'Z' ? OFFSET.exec('UTC') : id === '' ? null : OFFSET.exec(id)
  if (match === null) return undefined
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = match
  if (Number(hours) > 18) return undefined
  const offsetMs =
    (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * (sign === '-' ? -1000 : 1000)
  const short = offsetMs === 0 ? 'UTC' : offsetText(offsetMs, ':')
  return {
    id: short,
    offsetAt: () => offsetMs,
    nameAt: (_, style) => (offsetMs === 0 && style === 'long' ? 'Coordinated Universal Time' : short),
  }
}

function region(id: string): Zone | undefined {
  let offsets: Intl.DateTimeFormat
  try {
    offsets = zoneFormat('en-US', id, 'longOffset')
  } catch {
    return undefined
  }
  const offsetAt = (epochMs: number): number => offsetOf(zoneName(offsets, epochMs))
  const formats = {
    short: lazily(() => zoneFormats(id, 'short')),
    long: lazily(() => zoneFormats(id, 'long')),
  }
  const nameAt = (epochMs: number, style: 'short' | 'long'): string => {
    const names = formats[style]().map((format) => zoneName(format, epochMs))
    return names.find((name) => !/\d/.test(name)) ?? offsetText(offsetAt(epochMs), ':')
  }
  return { id, offsetAt, nameAt }
}

function zoneFormats(id: string, style: 'short' | 'long'): Intl.DateTimeFormat[] {
  return LOCALES.map((locale) => zoneFormat(locale, id, style))
}

function lazily<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}

function zoneFormat(
  locale: string,
  timeZone: string,
  timeZoneName: 'longOffset' | 'short' | 'long',
): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(locale, { timeZone, timeZoneName })
}

function zoneName(format: Intl.DateTimeFormat, epochMs: number): string {
  return format.formatToParts(epochMs).find(({ type }) => type === 'timeZoneName')!.value
}

/** Milliseconds of a text such as GMT-06:00 or GMT. */
function offsetOf(text: string): number {
  return fixedZone(text)!.offsetAt(0)
}

function pairs(zone: string, names: string): [string, string][] {
  return names.split(' ').map((name) => [name, zone])
}
