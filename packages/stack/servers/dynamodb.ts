/** DynamoDB Local, for tests. It keeps its data in memory. */
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { findJava } from '../java.ts'
import { cached, downloadLibraries } from '../maven.ts'
import { startProcess, untilReady } from '../process.ts'
import type { Place, Server } from '../server.ts'
import { running } from '../server.ts'
import { versions } from '../versions.ts'

export interface DynamodbOptions extends Place {
  readonly port: number
}

const libraries = (): Promise<string> =>
  cached(`dynamodb-local-${versions.dynamodbLocal}`, async (folder, scratch) => {
    await downloadLibraries(
      { all: [`software.amazon.dynamodb:DynamoDBLocal:${versions.dynamodbLocal}`] },
      scratch,
    )
    renameSync(join(scratch, 'all/libs'), join(folder, 'libs'))
  }).then((folder) => join(folder, 'libs'))

export const dynamodb: Server<DynamodbOptions> = {
  name: 'dynamodb',

  async prepare() {
    await libraries()
  },

  async start({ port, log }) {
    const jars = await libraries()
    const child = await startProcess({
      name: 'dynamodb',
      command: findJava().command,
      log,
      args: [
        '-Xmx256m',
        '-XX:+UseSerialGC',
        '-XX:TieredStopAtLevel=1',
        `-Djava.library.path=${jars}`,
        '-cp',
        `${jars}/*`,
        'software.amazon.dynamodb.services.local.main.ServerRunner',
        '-inMemory',
        '-sharedDb',
        '-disableTelemetry',
        '-port',
        String(port),
      ],
    })
    const url = `http://127.0.0.1:${port}`
    return running(
      child,
      url,
      untilReady(child, () => lists(url)),
    )
  },
}

/** Unsigned requests are refused, but a refusal shows that the server is up. */
async function lists(url: string): Promise<boolean> {
  const response = await fetch(url, {
    method: 'POST',
    body: '{}',
    signal: AbortSignal.timeout(2000),
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'DynamoDB_20120810.ListTables' },
  })
  await response.body?.cancel()
  return response.status < 500
}
