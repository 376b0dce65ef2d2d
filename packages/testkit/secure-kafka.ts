/**
 * Kafka nodes that belong to one test, with listeners for TLS, client certificates, SASL SCRAM, and SASL
 * OAUTHBEARER with the tokens of MSK IAM.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findJava } from '@weir/stack/java.ts'
import { setPassword } from '@weir/stack/kafka-admin.ts'
import { freePorts } from '@weir/stack/ports.ts'
import { kafkaClasspath } from '@weir/stack/servers/kafka.ts'
import type { SecureListeners } from '@weir/stack/servers/kafka-settings.ts'
import { temporaryFolder } from '@weir/stack/shared-servers.ts'
import { type Certificates, makeCertificates } from './certificates.ts'
import { type KafkaCluster, kafkaCluster } from './kafka-cluster.ts'

export interface SecureKafka {
  readonly nodes: KafkaCluster
  /** Encrypted; asks for no credentials. */
  readonly tls: { readonly brokers: string[] }
  /** Encrypted; asks for a client certificate (see `client`). */
  readonly mtls: { readonly brokers: string[] }
  /** Encrypted; SCRAM-SHA-256 or SCRAM-SHA-512. The name and password are those of the first user. */
  readonly scram: { readonly brokers: string[]; readonly username: string; readonly password: string }
  /** Encrypted; takes tokens signed for this region with this key. */
  readonly iam: {
    readonly brokers: string[]
    readonly region: string
    readonly accessKeyId: string
    readonly secretAccessKey: string
  }
  /**
   * The file and the text (PEM) of the authority that signed the brokers' certificate, created for these
   * brokers alone.
   */
  readonly caFile: string
  readonly ca: string
  /** Creates a certificate for the principal with that name. */
  readonly client: Certificates['client']
  /** Changes the user's password for SCRAM-SHA-512. Not available with a super user. */
  setPassword(username: string, password: string): Promise<void>
  stop(): Promise<void>
}

export interface SecureKafkaOptions {
  readonly brokers?: 1 | 3
  /** The passwords of the SCRAM users, by user name. */
  readonly users?: Readonly<Record<string, string>>
  /** If given, this user may do everything, and all others only what ACLs allow. */
  readonly superUser?: string
}

const REGION = 'eu-central-1'
const KEY = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }

export async function secureKafka({
  brokers = 1,
  users = { weir: 'only-for-tests' },
  superUser,
}: SecureKafkaOptions = {}): Promise<SecureKafka> {
  const folder = temporaryFolder()
  const [{ ca, caFile, keyFile, client }, classes] = await Promise.all([
    makeCertificates(folder),
    compileTokenCheck(folder),
  ])
  const ports = await freePorts(4 * brokers)
  const secure = (i: number): SecureListeners => {
    const [tls, mtls, scram, iam] = ports.slice(4 * i) as [number, number, number, number]
    return {
      ports: { tls, mtls, scram, iam },
      keyFile,
      caFile,
      users: Object.entries(users).map(([name, password]) => ({ name, password })),
      tokens: { classes, region: REGION, ...KEY },
      ...(superUser !== undefined && { superUsers: ['broker', superUser] }),
    }
  }
  const nodes = await kafkaCluster({ brokers, secure })
  const listener = (name: keyof SecureListeners['ports']): { brokers: string[] } => ({
    brokers: Array.from({ length: brokers }, (_, i) => `127.0.0.1:${secure(i).ports[name]}`),
  })
  const [username, password] = Object.entries(users)[0]!
  return {
    nodes,
    tls: listener('tls'),
    mtls: listener('mtls'),
    scram: { ...listener('scram'), username, password },
    iam: { ...listener('iam'), region: REGION, ...KEY },
    ca,
    caFile,
    client,
    setPassword: (name, changed) => setPassword(nodes.brokers[0]!, name, changed),
    async stop() {
      await nodes.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function compileTokenCheck(folder: string): Promise<string> {
  const classes = join(folder, 'classes')
  mkdirSync(classes)
  const compiler = join(findJava().home, 'bin/javac')
  await promisify(execFile)(compiler, [
    '-cp',
    await kafkaClasspath(),
    '-d',
    classes,
    join(import.meta.dirname, 'MskTokens.java'),
  ])
  return classes
}
