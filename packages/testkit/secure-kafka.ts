/** A Kafka node of a test's own with a TLS listener and a TLS listener that demands SASL SCRAM. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { tieProcess } from '@weir/tools/stack/lifeline.ts'
import { freePorts } from '@weir/tools/stack/ports.ts'
import { kafka } from '@weir/tools/stack/servers/kafka.ts'
import { temporaryFolder } from '@weir/tools/stack/shared-servers.ts'
import { makeCertificates } from './certificates.ts'

export interface SecureKafka {
  /** Encrypted, no password asked. */
  readonly tls: { readonly brokers: string[] }
  /** Encrypted, SCRAM-SHA-256 or SCRAM-SHA-512. */
  readonly scram: { readonly brokers: string[], readonly username: string, readonly password: string }
  /** The file and the text (PEM) of the authority that signed the broker's certificate, made for this broker alone. */
  readonly caFile: string
  readonly ca: string
  stop(): Promise<void>
}

export async function secureKafka(): Promise<SecureKafka> {
  const folder = temporaryFolder()
  const { ca, caFile, keyFile } = await makeCertificates(folder)
  const [port, controller, tlsPort, scramPort] = await freePorts(4) as [number, number, number, number]
  const user = { name: 'weir', password: 'only-for-tests' }
  const node = await kafka.start({
    data: join(folder, 'kafka'), log: join(folder, 'logs/kafka.log'), nodeId: 1, port, voters: [{ nodeId: 1, port: controller }],
    secure: { tlsPort, scramPort, keyFile, users: [user] },
  })
  tieProcess(node.pid)
  const stop = async (): Promise<void> => {
    await node.stop(3000)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await node.ready
  } catch (error) {
    await stop()
    throw error
  }
  return {
    tls: { brokers: [`127.0.0.1:${tlsPort}`] },
    scram: { brokers: [`127.0.0.1:${scramPort}`], username: user.name, password: user.password },
    ca, caFile, stop,
  }
}
