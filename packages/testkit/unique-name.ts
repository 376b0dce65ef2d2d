import { randomBytes } from 'node:crypto'

/**
 * Returns a name for a topic, group or index that no other test has. It is lower case, as index names must
 * be.
 */
export const uniqueName = (prefix: string): string => `${prefix}-${randomBytes(5).toString('hex')}`
