/**
 * The parts of kafkajs 2.2.4 below its clients: one connection, and the encoding of requests. The version is
 * pinned; nothing in it has changed since 2023.
 */

declare module 'kafkajs/src/network/connection.js' {
  import type { ProtocolCall } from 'kafkajs/src/protocol/requests/index.js'

  export interface RequestQueue {
    scheduleCheckPendingRequests(): void
  }

  export interface ConnectionOptions {
    host: string
    port: number
    logger: unknown
    socketFactory: unknown
    requestTimeout: number
    connectionTimeout: number
    clientId: string
    ssl: object | null
    sasl: object | null
    /** Milliseconds before a login's end at which requests wait for another login on the same connection. */
    reauthenticationThreshold: number
  }

  export default class Connection {
    constructor(options: ConnectionOptions)
    readonly requestQueue: RequestQueue
    /** Milliseconds for which the broker accepts the login, 0 if it sets no limit; a long.js number. */
    readonly sessionLifetime: { toString(): string }
    readonly socket: import('node:net').Socket | undefined
    connect(): Promise<true>
    disconnect(): Promise<true>
    isConnected(): boolean
    authenticate(): Promise<void>
    setVersions(versions: Versions): void
    setSupportAuthenticationProtocol(supported: boolean): void
    rejectRequests(error: Error): void
    send<T>(call: ProtocolCall<T>): Promise<T>
  }

  /** The versions of each API, by API key. */
  export type Versions = Record<number, { minVersion: number; maxVersion: number }>
}

declare module 'kafkajs/src/protocol/requests/index.js' {
  import type { Versions } from 'kafkajs/src/network/connection.js'
  import type { Encoded } from 'kafkajs/src/protocol/encoder.js'

  export interface ProtocolCall<T> {
    request: { apiKey: number; apiVersion: number; apiName: string; encode(): Promise<Encoded> }
    response: { decode(payload: Buffer): Promise<any>; parse(decoded: any): Promise<T> }
    /** Milliseconds; the longer of this and the connection's own timeout applies. */
    requestTimeout?: number
    logResponseError?: boolean
  }
  export interface Definition {
    versions: string[]
    protocol(choice: { version: number }): (args?: any) => ProtocolCall<any>
  }
  const protocol: {
    requests: Record<string, Definition>
    lookup(versions: Versions): (apiKey: number, definition: Definition) => (args?: any) => ProtocolCall<any>
  }
  export default protocol
}

declare module 'kafkajs/src/protocol/requests/apiKeys.js' {
  const apiKeys: Record<string, number>
  export default apiKeys
}

declare module 'kafkajs/src/protocol/encoder.js' {
  /** The return value of a request's encode(). */
  export interface Encoded {
    readonly buf: Buffer
    readonly buffer: Buffer
    size(): number
  }
}

declare module 'kafkajs/src/network/socketFactory.js' {
  export default function socketFactory(): unknown
}

declare module 'kafkajs/src/loggers/index.js' {
  interface Entry {
    namespace: string
    level: number
    label: string
    log: { message: string; [field: string]: unknown }
  }
  const loggers: { createLogger(options: { level: number; logCreator(): (entry: Entry) => void }): unknown }
  export default loggers
}
