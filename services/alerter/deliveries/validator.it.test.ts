/** The signatures of messages, checked by the validator that many receivers use. It insists on https. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type Server } from 'node:tls'
import { promisify } from 'node:util'
import { freePorts } from '@weir/stack/ports.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AlerterWorld, openAlerterWorld } from '../testing/alerter.ts'
import { type Alerter, openReceiver } from '../testing/service.ts'

const folder = mkdtempSync(join(tmpdir(), 'weir-validator-'))
const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
let world: AlerterWorld
let service: Alerter
/** A proxy with TLS in front of the alerter. */
let proxy: Server
let host: string

beforeAll(async () => {
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyFile]
  await promisify(execFile)('openssl', ['req', '-x509', ...key, '-out', certFile, '-days', '2', ...names])
  world = await openAlerterWorld()
  const [port] = await freePorts(1)
  host = `localhost:${port}`
  service = await world.start({ ALERTER_PUBLIC_URL: `https://${host}` })
  proxy = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (socket) => {
    const upstream = connect(Number(new URL(service.url).port), '127.0.0.1')
    socket.on('error', () => upstream.destroy()).pipe(upstream)
    upstream.on('error', () => socket.destroy()).pipe(socket)
  })
  await new Promise<void>((resolve) => proxy.listen(port, 'localhost', resolve))
})
afterAll(async () => {
  proxy?.close()
  await world?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** A process of its own, which trusts the certificate of the alerter. */
async function validated(message: string): Promise<string> {
  const file = join(folder, 'message.json')
  writeFileSync(file, message)
  const code = `
    const Validator = require('sns-validator')
    new Validator(/^${host}$/).validate(require('node:fs').readFileSync(${JSON.stringify(file)}, 'utf8'), (error, message) =>
      console.log(error ? 'refused: ' + error.message : 'genuine: ' + message.Type))`
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: certFile, NODE_OPTIONS: '--no-deprecation' }
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', code], {
    env,
    cwd: import.meta.dirname,
  })
  return stdout.trim()
}

test.each(['1', '2'])(
  'sns-validator accepts messages with signature version %s, and none that was changed',
  async (version) => {
    const topic = await world.topic(`signed-${version}`, { SignatureVersion: version })
    const receiver = await openReceiver()
    const [subscription] = await world.subscribe(topic, [receiver.url])
    await world.publish(topic, ['hello'])
    await expect.poll(() => receiver.received.length, { timeout: 20_000 }).toBe(1)
    const [{ body }] = receiver.received
    expect(JSON.parse(body).SignatureVersion).toBe(version)
    expect(await validated(body)).toBe('genuine: Notification')
    expect(await validated(body.replace('hello', 'hullo'))).toBe('refused: The message signature is invalid.')
    await world.notifications.change(() => [
      { kind: 'subscription', id: subscription.id, value: { ...subscription, confirmed: false } },
    ])
    await world.publisher.requestConfirmation(subscription)
    await expect.poll(() => receiver.received.length, { timeout: 20_000 }).toBe(2)
    expect(await validated(receiver.received[1].body)).toBe('genuine: SubscriptionConfirmation')
  },
  60_000,
)
