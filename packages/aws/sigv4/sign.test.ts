import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import { expect, test } from 'vitest'
import { signatureHeaders } from './sign.ts'
import { signatureVerifier } from './verify.ts'

const CREDENTIALS = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}
const NOW = Date.parse('2026-03-01T12:00:00Z')

test.each([
  ['GET', '/', ''],
  ['POST', '/2015-03-31/functions/arn%3Aaws%3Alambda/invocations', '{"a":"ü"}'],
  ['GET', '/2015-03-31/functions?Marker=a%20b%2F&MaxItems=7', ''],
])("%s %s is signed as AWS's client signs it", async (method, path, body) => {
  const url = new URL(`http://localhost:8081${path}`)
  const headers = { 'content-type': 'application/json' }
  const { authorization } = signatureHeaders(
    { method, url, headers, body },
    CREDENTIALS,
    'eu-west-1',
    'lambda',
    NOW,
  )
  const signer = new SignatureV4({
    service: 'lambda',
    region: 'eu-west-1',
    sha256: Sha256,
    credentials: CREDENTIALS,
    applyChecksum: false,
  })
  const { headers: wanted } = await signer.sign(
    {
      method,
      protocol: 'http:',
      hostname: 'localhost',
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      body,
      headers: { ...headers, host: url.host },
    },
    { signingDate: new Date(NOW) },
  )
  expect(authorization).toBe(wanted.authorization)
  const rawHeaders = Object.entries({
    ...signatureHeaders({ method, url, headers, body }, CREDENTIALS, 'eu-west-1', 'lambda', NOW),
    host: url.host,
  }).flat()
  const { claim, verify } = signatureVerifier(
    () => ({ secret: CREDENTIALS.secretAccessKey, acceptsToken: () => true }),
    () => NOW,
  )
  expect(
    verify(claim({ method, url: path, rawHeaders }, ['lambda']), Buffer.from(body), 'lambda').region,
  ).toBe('eu-west-1')
})
