/** TLS and SASL options as kafkajs' connections take them. */
import type { KafkaSasl, KafkaTls } from '../../config.ts'
import { bearerMessage, mskToken, refuseAnswer } from '../logins.ts'

export function tlsOptions(tls: KafkaTls | undefined): object | null {
  return tls === undefined ? null : { ca: tls.ca, cert: tls.cert, key: tls.key }
}

export function saslOptions(sasl: KafkaSasl | undefined): object | null {
  if (sasl === undefined) return null
  if (sasl.mechanism === 'msk-iam')
    return { mechanism: 'oauthbearer', authenticationProvider: bearer(() => mskToken(sasl.region)) }
  return { mechanism: sasl.mechanism, username: sasl.username, password: sasl.password }
}

type Exchange = (call: {
  request: { encode(): Promise<Buffer> }
  response: { decode(bytes: Buffer): Promise<Buffer>; parse(bytes: Buffer): Promise<void> }
}) => Promise<void>

/** Replaces kafkajs' own mechanism, which takes every answer for success. */
const bearer =
  (token: () => Promise<string>) =>
  ({ saslAuthenticate }: { saslAuthenticate: Exchange }) => ({
    authenticate: async () => {
      const message = bearerMessage(await token())
      await saslAuthenticate({
        request: { encode: async () => Buffer.concat([lengthOf(message), message]) },
        response: {
          decode: async (bytes) => bytes.subarray(4),
          parse: async (answer) => refuseAnswer(answer),
        },
      })
    },
  })

function lengthOf(message: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(message.length)
  return length
}
