/**
 * SQS, SNS and S3 on this machine: moto's server, which speaks their protocols and keeps what it is given in
 * memory.
 */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '@weir/stack/ports.ts'
import { answers, startProcess, untilReady } from '@weir/stack/process.ts'
import { pythonWith } from '@weir/stack/python.ts'

/** Returns the command that runs the server in the foreground. */
export async function awsCommand(port: number): Promise<{ command: string; args: string[] }> {
  return {
    command: await pythonWith('moto', join(import.meta.dirname, 'requirements.txt')),
    args: ['-c', 'from moto.server import main; main()', '-H', '127.0.0.1', '-p', String(port)],
  }
}

/** Returns its address, and a function that stops it. */
export async function startAws(): Promise<{ url: string; stop(): Promise<void> }> {
  const [port] = await freePorts(1)
  const cwd = mkdtempSync(join(tmpdir(), 'weir-moto-'))
  const child = await startProcess({
    name: 'moto',
    ...(await awsCommand(port)),
    cwd,
    env: process.env,
    log: join(cwd, 'log'),
  })
  const url = `http://127.0.0.1:${port}`
  await untilReady(child, () => answers(`${url}/moto-api/`))
  return { url, stop: () => child.stop() }
}
