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
  // The clocks skip half past two on this night.
  ['01:00', '02:30', 'Europe/Berlin', '2026-03-29T00:30:00Z', '2026-03-29T01:30:00.000Z'],
  ['00:00', '23:59', 'UTC', '2026-01-10T23:59:10Z', undefined],
])('quiet from %s to %s in %s at %s: until %s', (from, to, zone, now, end) => {
  expect(until(from, to, zone, now)).toBe(end)
})

// The tenth of January 2026 is a Saturday.
test.each([
  ['22:00', '07:00', ['Fri'], '2026-01-10T06:59:00Z', '2026-01-10T07:00:00.000Z'],
  ['22:00', '07:00', ['Fri'], '2026-01-10T22:00:00Z', undefined],
  ['22:00', '07:00', ['Sun'], '2026-01-11T06:59:00Z', undefined],
  ['22:00', '07:00', ['Sun'], '2026-01-11T22:00:00Z', '2026-01-12T07:00:00.000Z'],
  ['00:00', '24:00', ['Sat'], '2026-01-10T00:00:00Z', '2026-01-11T00:00:00.000Z'],
  ['00:00', '24:00', ['Sat', 'Sun'], '2026-01-10T12:00:30Z', '2026-01-12T00:00:00.000Z'],
  ['00:00', '24:00', ['Sat', 'Sun'], '2026-01-09T23:59:59Z', undefined],
  ['18:00', '24:00', ['Sun'], '2026-01-11T23:59:59Z', '2026-01-12T00:00:00.000Z'],
])('quiet from %s to %s on %j at %s: until %s', (from, to, days, now, end) => {
  const until = quietUntil(
    parseQuietHours(JSON.stringify({ from, to, timeZone: 'UTC', days })),
    Date.parse(now),
  )
  expect(until === undefined ? undefined : new Date(until).toISOString()).toBe(end)
})

test('the days are those of the time zone, and a weekend may have the change of clocks', () => {
  const weekend = { from: '00:00', to: '24:00', days: ['Sat', 'Sun'], timeZone: 'America/New_York' }
  const until = (now: string) => quietUntil(parseQuietHours(JSON.stringify(weekend)), Date.parse(now))
  expect(until('2026-03-07T04:59:00Z')).toBeUndefined()
  expect(until('2026-03-07T05:00:00Z')).toBe(Date.parse('2026-03-09T04:00:00Z'))
  expect(until('2026-10-31T04:00:00Z')).toBe(Date.parse('2026-11-02T05:00:00Z'))
})

test.each([
  ['{"from":"22:00","to":"07:00","timeZone":"Europe/Berlin","except":["critical"]}', undefined],
  ['{"from":"00:00","to":"24:00","timeZone":"UTC","days":["Sat","Sun"]}', undefined],
  [
    '{"from":"00:00","to":"24:00","timeZone":"UTC"}',
    'days must leave one out, or the hours would never end.',
  ],
  ['{"from":"22:00","to":"07:00","timeZone":"UTC","days":[]}', 'days must have 1 to 7 items, and has 0.'],
  [
    '{"from":"22:00","to":"07:00","timeZone":"UTC","days":["Monday"]}',
    'days[0] must be "Mon" or "Tue" or "Wed" or "Thu" or "Fri" or "Sat" or "Sun".',
  ],
  ['', undefined],
  ['{', 'failed to parse JSON.'],
  ['{"from":"22:00","to":"22:00","timeZone":"UTC"}', 'from and to must differ.'],
  ['{"from":"24:00","to":"07:00","timeZone":"UTC"}', 'from must be a time such as 22:00.'],
  [
    '{"from":"22:00","to":"07:00","timeZone":"Mars/Olympus"}',
    'timeZone must be a time zone such as Europe/Berlin.',
  ],
  [
    '{"from":"22:00","to":"07:00","timeZone":"UTC","until":"08:00"}',
    'until is not known; there are from, to, timeZone, days, except.',
  ],
])('%s is checked', (source, complaint) => expect(complaintAboutQuietHours(source)).toBe(complaint))
