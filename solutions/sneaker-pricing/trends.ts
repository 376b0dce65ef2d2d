/** Trends that people start on the page, as entries of a reference table. */
import { integer, number, object, type ShapedBy } from '@weir/topics/shape.ts'
import { MAX_TREND_STRENGTH } from './shop/trend.ts'

export const TRENDS = 'sneaker-trends'
const MAX_MINUTES = 1440

/** The entry of a product. Without one, it has no trend but those of the simulated market. */
export const trend = object(
  {
    /** Visits at the peak, relative to those without the trend. */
    strength: number({ min: 1.1, max: MAX_TREND_STRENGTH }),
    minutes: number({ min: 1, max: MAX_MINUTES }),
  },
  {
    /** Ms since the epoch. The trend begins when the simulated shop sees it; this tells one from the one before it. */
    startedAt: integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  },
)

export type TrendEntry = ShapedBy<typeof trend>
