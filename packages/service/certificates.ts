/** Exports when certificates expire, for an alert before that. */
import { X509Certificate } from 'node:crypto'
import { Gauge, metrics } from './metrics.ts'

/** Functions by certificate name. Each returns the current PEM text; undefined if there is none. */
const watched = new Map<string, () => string | undefined>()

const expiry = new Gauge({
  name: 'weir_certificate_expiry_timestamp_seconds',
  help: 'Expiry time of the certificate, the first of its chain, in seconds since the epoch.',
  labelNames: ['certificate'],
  registers: [metrics],
  collect() {
    expiry.reset()
    for (const [certificate, pem] of watched) {
      const end = endOf(pem)
      if (end !== undefined) expiry.set({ certificate }, end)
    }
  },
})

/** Watches certificates by their metric label: server, kafka-client, kafka-ca. */
export function watchCertificates(certificates: Readonly<Record<string, () => string | undefined>>): void {
  for (const [name, pem] of Object.entries(certificates)) watched.set(name, pem)
}

/** Undefined if the certificate cannot be read now; the code that uses it reports that. */
function endOf(pem: () => string | undefined): number | undefined {
  try {
    const text = pem()
    return text === undefined ? undefined : Date.parse(new X509Certificate(text).validTo) / 1000
  } catch {
    return undefined
  }
}
