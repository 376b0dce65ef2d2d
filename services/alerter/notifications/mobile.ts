/** Mobile push and SMS as this replica knows them: applications, their endpoints, and numbers that want no SMS. */
import type { ControlEntry } from '@weir/control'
import type { OptedOut, PlatformApplication, PlatformEndpoint, SmsSettings } from './mobile-entries.ts'

export class Mobile {
  /** Applications by PLATFORM/NAME. */
  readonly applications = new Map<string, PlatformApplication>()
  readonly endpoints = new Map<string, PlatformEndpoint>()
  /** Phone numbers. */
  readonly optedOut = new Map<string, OptedOut>()
  #smsSettings: SmsSettings | undefined
  /** Endpoints by application, then by token. */
  readonly #byToken = new Map<string, Map<string, PlatformEndpoint>>()

  /** The attributes of all SMS messages. */
  get smsAttributes(): Readonly<Record<string, string>> {
    return this.#smsSettings?.attributes ?? {}
  }

  endpointsOf(application: string): Iterable<PlatformEndpoint> {
    return this.#byToken.get(application)?.values() ?? []
  }

  endpointWith(application: string, token: string): PlatformEndpoint | undefined {
    return this.#byToken.get(application)?.get(token)
  }

  /** Applies an entry. Returns whether it was of a kind that belongs here. */
  apply({ kind, id, state }: ControlEntry): boolean {
    switch (kind) {
      case 'platform-application':
        set(this.applications, id, state as PlatformApplication | undefined)
        return true
      case 'platform-endpoint':
        this.#applyEndpoint(id, state as PlatformEndpoint | undefined)
        return true
      case 'opted-out':
        set(this.optedOut, id, state as OptedOut | undefined)
        return true
      case 'sms-settings':
        this.#smsSettings = state as SmsSettings | undefined
        return true
      default:
        return false
    }
  }

  #applyEndpoint(id: string, next: PlatformEndpoint | undefined): void {
    const before = this.endpoints.get(id)
    if (before !== undefined) {
      const siblings = this.#byToken.get(before.application)
      const { Token } = before.attributes
      if (siblings?.get(Token)?.id === id) siblings.delete(Token)
      if (siblings?.size === 0) this.#byToken.delete(before.application)
    }
    set(this.endpoints, id, next)
    if (next === undefined) return
    const siblings = this.#byToken.get(next.application) ?? new Map<string, PlatformEndpoint>()
    this.#byToken.set(next.application, siblings.set(next.attributes.Token, next))
  }
}

function set<V>(map: Map<string, V>, id: string, value: V | undefined): void {
  if (value === undefined) map.delete(id)
  else map.set(id, value)
}
