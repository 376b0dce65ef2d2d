import { randomBytes } from 'node:crypto'

/** A name for a topic, group or index that no other test has; lower case, as index names must be. */
export const uniqueName = (prefix: string): string => `${prefix}-${randomBytes(5).toString('hex')}`
