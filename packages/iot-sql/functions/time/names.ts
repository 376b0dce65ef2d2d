/** Names of months, days and halves of the day, in English as AWS has them. */

export const MONTHS =
  'January February March April May June July August September October November December'.split(' ')
/** From Monday, which is day 1 of ISO weeks. */
export const DAYS = 'Monday Tuesday Wednesday Thursday Friday Saturday Sunday'.split(' ')
export const HALVES = ['AM', 'PM']
/** Before Christ, and after: years up to 0 of the ISO calendar belong to the first. */
export const ERAS = ['BC', 'AD']

/** The short form of a month or day. */
export const shortName = (name: string): string => name.slice(0, 3)
