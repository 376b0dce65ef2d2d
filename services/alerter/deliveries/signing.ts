/**
 * Signs messages. Each process has a key of its own, which never leaves it; its certificate is control state, so
 * that every replica can show it to receivers, also after the process has ended.
 */
import { createHash, generateKeyPair, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import forge from 'node-forge'

/** 1: SHA-1; 2: SHA-256. */
export type SignatureVersion = '1' | '2'

export interface Signer {
  /** Returns the signature in base64. */
  sign(text: string, version: SignatureVersion): Promise<string>
  /** PEM. */
  readonly certificate: string
  /** The path of the certificate: /SimpleNotificationService-FINGERPRINT.pem */
  readonly certificatePath: string
}

/** AWS signs with RSA, and validators expect it. */
const KEY_BITS = 2048
const VALID_DAYS = 397
const ALGORITHMS = { 1: 'RSA-SHA1', 2: 'RSA-SHA256' } as const
const CERTIFICATE_PATH = /^\/SimpleNotificationService-([0-9a-f]{40})\.pem$/

export async function openSigner(host: string): Promise<Signer> {
  // A key in PEM would be parsed for each signature, which takes about a millisecond of the event loop.
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: KEY_BITS })
  const certificate = selfSigned(host, privateKey, publicKey)
  const signAsync = promisify(sign) as (algorithm: string, data: Buffer, key: KeyObject) => Promise<Buffer>
  return {
    certificate,
    certificatePath: pathOf(fingerprintOf(certificate)),
    async sign(text, version) {
      return (await signAsync(ALGORITHMS[version], Buffer.from(text), privateKey)).toString('base64')
    },
  }
}

export function fingerprintOf(certificate: string): string {
  return createHash('sha1').update(certificate).digest('hex')
}

/** Returns the fingerprint in the path of a certificate; undefined for other paths. */
export function fingerprintIn(path: string): string | undefined {
  return CERTIFICATE_PATH.exec(path)?.[1]
}

const pathOf = (fingerprint: string): string => `/SimpleNotificationService-${fingerprint}.pem`

function selfSigned(host: string, privateKey: KeyObject, publicKey: KeyObject): string {
  const pemOf = (key: KeyObject, type: 'pkcs8' | 'spki'): string =>
    key.export({ type, format: 'pem' }).toString()
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(pemOf(publicKey, 'spki'))
  certificate.serialNumber = `01${forge.util.bytesToHex(forge.random.getBytesSync(15))}`
  certificate.validity.notBefore = new Date()
  certificate.validity.notAfter = new Date(Date.now() + VALID_DAYS * 86_400_000)
  const names = [{ name: 'commonName', value: host.slice(0, 64) }]
  certificate.setSubject(names)
  certificate.setIssuer(names)
  certificate.sign(forge.pki.privateKeyFromPem(pemOf(privateKey, 'pkcs8')), forge.md.sha256.create())
  return forge.pki.certificateToPem(certificate)
}
