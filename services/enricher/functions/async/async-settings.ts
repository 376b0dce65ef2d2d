/**
 * Retries, age and destinations of a function's asynchronous invocations (Lambda developer guide, "Error handling for
 * asynchronous invocation").
 */

import { LATEST } from '../entries.ts'
import type { Functions } from '../functions.ts'

export interface AsyncSettings {
  /** After the first attempt. */
  readonly maxRetries: number
  readonly maxAgeMs: number
  /** kafka://TOPIC, or an ARN. */
  readonly onSuccess: string | undefined
  readonly onFailure: string | undefined
}

const DEFAULTS: AsyncSettings = {
  maxRetries: 2,
  maxAgeMs: 6 * 3_600_000,
  onSuccess: undefined,
  onFailure: undefined,
}

/** @param name NAME or NAME:QUALIFIER, as it was invoked */
export function asyncSettingsOf(functions: Pick<Functions, 'find'>, name: string): AsyncSettings {
  const [functionName, qualifier = LATEST] = name.split(':')
  const found = functions.find(functionName)?.events.get(qualifier)
  if (found === undefined) return DEFAULTS
  const { maxRetries = DEFAULTS.maxRetries, maxAgeSeconds, onSuccess, onFailure } = found
  return {
    maxRetries,
    maxAgeMs: maxAgeSeconds === undefined ? DEFAULTS.maxAgeMs : maxAgeSeconds * 1000,
    onSuccess,
    onFailure,
  }
}
