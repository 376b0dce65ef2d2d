/** The initial service areas: cities of the world, each with its bandwidth options. Prices are made up. */
import { integer, list, number, object, type ShapedBy, text } from '@weir/topics/shape.ts'

const bandwidthOption = object({
  name: text({ max: 100 }),
  downMbps: integer({ min: 0, max: 10_000_000 }),
  upMbps: integer({ min: 0, max: 10_000_000 }),
  /** Price per month. */
  price: number({ min: 0, max: 1e9 }),
  /** ISO 4217. */
  currency: text({ max: 3, pattern: /^[A-Z]{3}$/, like: 'three capital letters' }),
})
export type BandwidthOption = ShapedBy<typeof bandwidthOption>

/** An entry of the reference table `areas`. */
export const area = object({
  name: text({ max: 200 }),
  /** The centre, in degrees, WGS 84. Redis finds places up to 85° north and south. */
  lat: number({ min: -85, max: 85 }),
  lon: number({ min: -180, max: 180 }),
  /** The radius of the area that is served. The function looks no further than 100 km. */
  radiusKm: number({ min: 0, max: 100 }),
  options: list(bandwidthOption, { max: 50 }),
})
export type Area = ShapedBy<typeof area>

const option = (
  name: string,
  downMbps: number,
  upMbps: number,
  price: number,
  currency: string,
): BandwidthOption => ({ name, downMbps, upMbps, price, currency })

const fibre = (currency: string, base: number): BandwidthOption[] => [
  option('Fibre 250', 250, 100, round(base), currency),
  option('Fibre 1000', 1000, 500, round(base * 1.6), currency),
  option('Fibre 2500', 2500, 1250, round(base * 2.5), currency),
]
const cable = (currency: string, base: number): BandwidthOption[] => [
  option('Cable 100', 100, 20, round(base), currency),
  option('Cable 500', 500, 50, round(base * 1.5), currency),
]
const radio = (currency: string, base: number): BandwidthOption[] => [
  option('Radio 50', 50, 10, round(base), currency),
  option('Radio 150', 150, 30, round(base * 1.7), currency),
]

function round(price: number): number {
  return Math.round(price) - 0.1
}

const city = (
  name: string,
  lat: number,
  lon: number,
  radiusKm: number,
  options: BandwidthOption[],
): Area => ({ name, lat, lon, radiusKm, options })

export const areas: Readonly<Record<string, Area>> = {
  amsterdam: city('Amsterdam', 52.3728, 4.8936, 18, fibre('EUR', 37)),
  berlin: city('Berlin', 52.52, 13.405, 28, fibre('EUR', 35)),
  'buenos-aires': city('Buenos Aires', -34.6037, -58.3816, 35, cable('USD', 22)),
  'cape-town': city('Cape Town', -33.9249, 18.4241, 30, radio('USD', 19)),
  chicago: city('Chicago', 41.8781, -87.6298, 40, cable('USD', 45)),
  lagos: city('Lagos', 6.5244, 3.3792, 30, radio('USD', 15)),
  lisbon: city('Lisbon', 38.7223, -9.1393, 22, fibre('EUR', 30)),
  london: city('London', 51.5072, -0.1276, 35, fibre('GBP', 32)),
  melbourne: city('Melbourne', -37.8136, 144.9631, 35, cable('AUD', 70)),
  'mexico-city': city('Mexico City', 19.4326, -99.1332, 35, cable('USD', 24)),
  mumbai: city('Mumbai', 19.076, 72.8777, 30, fibre('INR', 700)),
  nairobi: city('Nairobi', -1.2921, 36.8219, 22, radio('USD', 18)),
  'new-york': city('New York', 40.7128, -74.006, 40, fibre('USD', 55)),
  paris: city('Paris', 48.8566, 2.3522, 25, fibre('EUR', 33)),
  reykjavik: city('Reykjavík', 64.1466, -21.9426, 20, fibre('EUR', 48)),
  santiago: city('Santiago', -33.4489, -70.6693, 28, cable('USD', 25)),
  'sao-paulo': city('São Paulo', -23.5558, -46.6396, 40, fibre('USD', 21)),
  singapore: city('Singapore', 1.3521, 103.8198, 25, fibre('SGD', 40)),
  tokyo: city('Tokyo', 35.6762, 139.6503, 40, fibre('JPY', 4800)),
  toronto: city('Toronto', 43.6532, -79.3832, 35, cable('CAD', 60)),
}
