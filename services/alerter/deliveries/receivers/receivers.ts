/** The receivers of all protocols. */
import { type HttpReceiverOptions, httpReceiver } from './http.ts'
import type { Receivers } from './receiver.ts'

export function openReceivers(options: HttpReceiverOptions): Receivers {
  const http = httpReceiver(options)
  return { http, https: http }
}
