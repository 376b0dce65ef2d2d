/** The model of SNS, from botocore 1.44.8. */
import { readFileSync } from 'node:fs'
import type { Model } from '../model.ts'

/**
 * The operations that receivers of messages call without a signature, by links in the messages. Such a link does
 * not name a version either.
 */
export const UNSIGNED_SNS_OPERATIONS: readonly string[] = ['ConfirmSubscription', 'Unsubscribe']

export const snsModel = JSON.parse(readFileSync(new URL('sns.json', import.meta.url), 'utf8')) as Model
