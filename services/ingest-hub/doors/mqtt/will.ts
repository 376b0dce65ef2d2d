/** Last wills: messages that are published when a client disappears. */
import type { IConnectPacket } from 'mqtt-packet'
import type { DeviceMessage } from '../../devices/message.ts'
import type { Inbox, Sender } from './inbox.ts'
import type { Login } from './login.ts'
import { passedOn } from './publishing.ts'

export function willOf(
  { topic, payload, qos = 0, retain = false, properties }: NonNullable<IConnectPacket['will']>,
  { clientId, principal }: Login,
  isRetaining: boolean,
): { readonly message: Omit<DeviceMessage, 'receivedAt'>; readonly delaySeconds: number } {
  const { willDelayInterval = 0, ...others } = properties ?? {}
  return {
    message: {
      topic,
      // The packet's bytes belong to a chunk that would stay in memory with it.
      payload: Buffer.from(payload as Buffer),
      qos: qos as 0 | 1,
      clientId,
      principal,
      properties: passedOn(others),
      ...(retain && isRetaining && { retain }),
    },
    delaySeconds: willDelayInterval,
  }
}

/** A will has no client that its outcome could be reported to. */
const NOBODY: Sender = { settled() {}, failed() {}, retry() {} }

export class Wills {
  readonly #inbox: Inbox
  readonly #delayed = new Map<string, NodeJS.Timeout>()

  constructor(inbox: Inbox) {
    this.#inbox = inbox
  }

  publish(message: Omit<DeviceMessage, 'receivedAt'>, clientId: string, delaySeconds: number): void {
    const publish = (): void => {
      this.#delayed.delete(clientId)
      this.#inbox.take({ ...message, receivedAt: Date.now() }, 0, NOBODY)
    }
    this.cancel(clientId)
    if (delaySeconds === 0) publish()
    else this.#delayed.set(clientId, setTimeout(publish, delaySeconds * 1000).unref())
  }

  /** The client is back. */
  cancel(clientId: string): void {
    clearTimeout(this.#delayed.get(clientId))
    this.#delayed.delete(clientId)
  }

  stop(): void {
    for (const timer of this.#delayed.values()) clearTimeout(timer)
    this.#delayed.clear()
  }
}
