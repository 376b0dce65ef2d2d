/** The certificates by which receivers check the signatures of messages. */
import type { FastifyInstance } from 'fastify'
import { fingerprintIn, fingerprintOf } from './deliveries/signing.ts'
import type { Notifications } from './notifications/notifications.ts'

/** Receivers may check a message for as long as it may be delivered. */
const KEPT_MS = 30 * 86_400_000

/** Lets every replica show the certificate, and forgets those that nobody needs any more. */
export async function showCertificate(pem: string, notifications: Notifications): Promise<void> {
  await notifications.change(() => {
    const now = Date.now()
    const expired = [...notifications.certificates].filter(([, { createdAt }]) => createdAt < now - KEPT_MS)
    return [
      { kind: 'certificate', id: fingerprintOf(pem), value: { pem, createdAt: now } },
      ...expired.map(([id]) => ({ kind: 'certificate' as const, id, value: undefined })),
    ]
  })
}

/** Everybody may read certificates. */
export function certificateRoutes(app: FastifyInstance, { certificates }: Notifications): void {
  app.get('/SimpleNotificationService-:file', async ({ url }, reply) => {
    const found = certificates.get(fingerprintIn(url) ?? '')
    if (found === undefined)
      return reply.code(404).send({ error: 'There is no certificate with this fingerprint.' })
    return reply.type('application/x-pem-file').send(found.pem)
  })
}
