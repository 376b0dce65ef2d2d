/**
 * A fleet's reports as load: real contract values, about 200 bytes as JSON, from 1,000 devices in and around
 * Manhattan.
 */
import type { TaxiTelemetry } from '@weir/solutions/taxi-telemetry/generated/types.ts'

const DEVICES = 1000

export function report(number: number, now: number): TaxiTelemetry {
  const device = number % DEVICES
  return {
    deviceId: `taxi-${String(device).padStart(4, '0')}`,
    tripId: device % 3 ? `trip-${device}-${Math.floor(number / 100_000)}` : null,
    position: {
      lat: 40.7 + ((number * 7919) % 10_000) / 70_000,
      lon: -74.02 + ((number * 104_729) % 10_000) / 100_000,
    },
    speed: (number * 31) % 50,
    heading: (number * 37) % 360,
    fuel: (number * 13) % 100,
    charge: null,
    engineTemperature: 60 + ((number * 17) % 40),
    occupied: device % 3 > 0,
    eventTime: now,
  }
}

/**
 * Makes `count` JSON bodies of `size` records each. They are made beforehand, so that making them is not
 * measured.
 */
export function bodies(count: number, size: number): Buffer[] {
  const now = Date.now()
  return Array.from({ length: count }, (_, batch) =>
    Buffer.from(
      JSON.stringify({
        records: Array.from({ length: size }, (_, i) => ({
          id: `bench-${batch}-${i}`,
          value: report(batch * size + i, now),
        })),
      }),
    ),
  )
}
