import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { openAwsClient } from './aws-client.ts'
import { listStreams } from './streams.ts'

/** Lists the streams a and b of a server that describes a, and answers with this error for b. */
async function listWith(code: string): Promise<string[]> {
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (bytes) => {
      text += bytes
    })
    request.on('end', () => {
      const { StreamName } = JSON.parse(text)
      if (StreamName === undefined) response.end('{"StreamNames":["a","b"],"HasMoreStreams":false}')
      else if (StreamName === 'a') response.end('{"StreamDescriptionSummary":{"StreamStatus":"ACTIVE"}}')
      else response.writeHead(400, { 'x-amzn-errortype': code }).end('{"message":"not b"}')
    })
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = openAwsClient({ hub: url, enricher: url }, { credentials: undefined, region: 'us-east-1' })
  return (await listStreams(client, AbortSignal.timeout(5000))).rows.map(({ name }) => name)
}

test('a stream that is deleted while the list is read is omitted', async () => {
  expect(await listWith('ResourceNotFoundException')).toEqual(['a'])
})

test('a key that may not describe a stream gets an error instead of a list without it', async () => {
  await expect(listWith('AccessDeniedException')).rejects.toThrow('it answers 400: not b')
})
