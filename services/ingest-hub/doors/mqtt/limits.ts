/** The limits of the MQTT door. Those of AWS IoT Core are named as such (AWS IoT Core endpoints and quotas). */
export const LIMITS = {
  /** The time from the connection to the end of CONNECT. */
  connectMs: 10_000,
  /** Bytes of CONNECT, the only packet that is read before a login. */
  connectBytes: 8 << 10,
  /** Bytes of any other packet (AWS). */
  packetBytes: 128 << 10,
  /** Characters of a client id (AWS). */
  clientIdLength: 128,
  /** Seconds between packets at most; a client that asks for more or for none gets this (AWS). */
  keepAliveSeconds: 1200,
  /** QoS 1 messages of a client that are not acknowledged yet (AWS): its receive maximum. */
  inFlight: 100,
  /** QoS 1 messages to a client that it has not acknowledged yet (AWS). */
  outFlight: 100,
  /** Aliases of topics of a client (AWS). */
  topicAliases: 8,
  /** Subscriptions of a client (AWS). */
  subscriptions: 50,
  /** User properties of a packet, and their bytes together. */
  userProperties: 50,
  propertyBytes: 8 << 10,
  /** Packets and bytes of a connection in a second. Beyond them the door reads no further for a while. */
  packetsPerSecond: 1000,
  bytesPerSecond: 1 << 20,
  /** Bytes that wait for a client to read them. Messages of QoS 0 beyond it are dropped. */
  outputBytes: 256 << 10,
  /** A client that reads nothing of what waits for it is disconnected after this time. */
  unreadMs: 30_000,
  /** The longest time that a session may outlast its connection, seconds (AWS). */
  sessionExpirySeconds: 3600,
  /** How often connections are looked at. */
  lookMs: 500,
} as const

/** Bytes of memory that a message takes besides its topic and payload. */
export const MESSAGE_BYTES = 512
