/** Runs DynamoDB Local in its own process, with its data in memory only. */
import { findJava } from '@weir/stack/java.ts'
import { tieProcess } from '@weir/stack/lifeline.ts'
import { freePorts } from '@weir/stack/ports.ts'
import { startProcess, untilReady } from '@weir/stack/process.ts'
import { type Running, running } from '@weir/stack/server.ts'
import { dynamodbLocal } from './libraries.ts'

export async function startDynamodb(log: string): Promise<Running> {
  const { command } = findJava()
  const libraries = await dynamodbLocal()
  const [port] = await freePorts(1)
  const child = await startProcess({
    name: 'DynamoDB Local',
    command,
    log,
    args: [
      '-Xmx256m',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      `-Dsqlite4java.library.path=${libraries}`,
      '-cp',
      `${libraries}/*`,
      'com.amazonaws.services.dynamodbv2.local.main.ServerRunner',
      '-inMemory',
      '-sharedDb',
      '-disableTelemetry',
      '-port',
      String(port),
    ],
  })
  tieProcess(child.pid)
  const url = `http://127.0.0.1:${port}`
  return running(
    child,
    url,
    untilReady(child, () => lists(url)),
  )
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
