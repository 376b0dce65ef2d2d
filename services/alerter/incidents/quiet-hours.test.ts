import { expect, test } from 'vitest'
import { complaintAboutQuietHours, parseQuietHours, quietUntil } from './quiet-hours.ts'

const hours = (from: string, to: string, timeZone: string) =>
  parseQuietHours(JSON.stringify({ from, to, timeZone }))
const until = (from: string, to: string, timeZone: string, now: string): string | undefined => {
  const end = quietUntil(hours(from, to, timeZone), Date.parse(now))
  return end === undefined ? undefined : new Date(end).toISOString()
}

test.each([
  ['22:00', '07:00', 'UTC', '2026-01-10T21:59:59Z', undefined],
  ['22:00', '07:00', 'UTC', '2026-01-10T22:00:00Z', '2026-01-11T07:00:00.000Z'],
  ['22:00', '07:00', 'UTC', '2026-01-11T06:59:59.999Z', '2026-01-11T07:00:00.000Z'],
  ['22:00', '07:00', 'UTC', '2026-01-11T07:00:00Z', undefined],
  ['09:00', '17:30', 'UTC', '2026-01-11T12:00:30Z', '2026-01-11T17:30:00.000Z'],
  ['22:00', '07:00', 'Europe/Berlin', '2026-01-10T21:30:00Z', '2026-01-11T06:00:00.000Z'],
  ['22:00', '07:00', 'Asia/Kolkata', '2026-01-10T16:30:00Z', '2026-01-11T01:30:00.000Z'],
  // The clocks go forward and back in this night.
  ['22:00', '07:00', 'Europe/Berlin', '2026-03-28T22:00:00Z', '2026-03-29T05:00:00.000Z'],
  ['22:00', '07:00', 'Europe/Berlin', '2026-10-24T21:00:00Z', '2026-10-25T06:00:00.000Z'],
  ['00:00', '23:59', 'UTC', '2026-01-10T23:59:10Z', undefined],
])('quiet from %s to %s in %s at %s: until %s', (from, to, zone, now, end) => {
  expect(until(from, to, zone, now)).toBe(end)
})

test.each([
  ['{"from":"22:00","to":"07:00","timeZone":"Europe/Berlin","except":["critical"]}', undefined],
  ['', undefined],
  ['{', 'failed to parse JSON.'],
  ['{"from":"22:00","to":"22:00","timeZone":"UTC"}', 'from and to must differ.'],
  ['{"from":"24:00","to":"07:00","timeZone":"UTC"}', 'from must be a time such as 22:00.'],
  [
    '{"from":"22:00","to":"07:00","timeZone":"Mars/Olympus"}',
    'timeZone must be a time zone such as Europe/Berlin.',
  ],
  [
    '{"from":"22:00","to":"07:00","timeZone":"UTC","days":[]}',
    'days is not known; there are from, to, timeZone, except.',
  ],
])('%s is checked', (source, complaint) => expect(complaintAboutQuietHours(source)).toBe(complaint))
