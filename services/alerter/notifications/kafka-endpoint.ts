/** Endpoints such as kafka://notification.orders. */

/** The alerter may write these topics only. */
export const KAFKA_PREFIX = 'notification.'
const ENDPOINT = /^kafka:\/\/(notification\.[\w.-]{1,200})$/

/** Returns the topic; undefined for other texts. */
export function kafkaTopicIn(endpoint: string): string | undefined {
  return ENDPOINT.exec(endpoint)?.[1]
}
