/**
 * SeaweedFS: an object store with S3's API, one process. It has no users, so it accepts any credentials, and does not
 * list buckets. Its program is in a package for Python.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { freePorts } from '../ports.ts'
import { startProcess, untilReady } from '../process.ts'
import { pythonWith } from '../python.ts'
import type { Place, Server } from '../server.ts'
import { running } from '../server.ts'

export interface ObjectsOptions extends Place {
  readonly port: number
}

/** The bucket that is there from the beginning. */
export const BUCKET = 'weir'
/** An object that is written and read to see whether the store is ready, and then deleted. */
const PROBE = '.weir-probe'
/** After SIGTERM it waits for idle connections. What it has acknowledged is there even after SIGKILL. */
const STOP_MS = 3000
/** No page has this origin, so browsers let none read or write objects. */
const NO_ORIGIN = 'http://weir.invalid'

const program = async (): Promise<string> =>
  join(dirname(await pythonWith('seaweedfs', join(import.meta.dirname, 'objects-requirements.txt'))), 'weed')

export const objects: Server<ObjectsOptions> = {
  name: 'objects',

  async prepare() {
    await program()
  },

  async start({ port, data, log }) {
    const ports = await freePorts(7)
    const [master, masterGrpc, volume, volumeGrpc, filer, filerGrpc, s3Grpc] = ports
    const [volumes, metadata] = [join(data, 'volumes'), join(data, 'metadata')]
    for (const folder of [volumes, metadata]) mkdirSync(folder, { recursive: true })
    forgetMasters(metadata)
    const child = await startProcess({
      name: 'objects',
      command: await program(),
      log,
      cwd: data,
      // Without variables for AWS, which would be the only credentials that it accepts.
      // A bucket takes one volume at a time, and not seven: the disk has room for a limited number of volumes.
      env: {
        PATH: process.env.PATH,
        HOME: data,
        GOMEMLIMIT: '100MiB',
        WEED_MASTER_VOLUME_GROWTH_COPY_1: '1',
      },
      args: [
        '-logtostderr',
        'server',
        '-ip=127.0.0.1',
        '-ip.bind=127.0.0.1',
        `-dir=${volumes}`,
        `-master.dir=${metadata}`,
        `-master.port=${master}`,
        `-master.port.grpc=${masterGrpc}`,
        '-master.telemetry=false',
        '-master.volumeSizeLimitMB=256',
        `-volume.port=${volume}`,
        `-volume.port.grpc=${volumeGrpc}`,
        '-volume.max=0',
        '-volume.preStopSeconds=0',
        '-filer',
        `-filer.port=${filer}`,
        `-filer.port.grpc=${filerGrpc}`,
        `-filer.allowedOrigins=${NO_ORIGIN}`,
        '-s3',
        `-s3.port=${port}`,
        `-s3.port.grpc=${s3Grpc}`,
        '-s3.port.iceberg=0',
        '-s3.port.lance=0',
        '-s3.iam=false',
        `-s3.allowedOrigins=${NO_ORIGIN}`,
      ],
    })
    void child.exited.then(() => removeSockets([port, ...ports]))
    const url = `http://127.0.0.1:${port}`
    const ready = untilReady(child, () => serves(url))
    return { ...running(child, url, ready), stop: (graceMs = STOP_MS) => child.stop(graceMs) }
  },
}

/** Removes what masters on other ports remembered. A master learns all it needs from the volumes. */
function forgetMasters(metadata: string): void {
  for (const name of readdirSync(metadata))
    if (/^m\d+$/.test(name)) rmSync(join(metadata, name), { recursive: true, force: true })
}

/** Its parts also listen at sockets in /tmp, which it leaves there when it is killed. */
function removeSockets(ports: readonly number[]): void {
  for (const port of ports)
    for (const part of ['master-grpc', 'volume-grpc', 'filer', 'filer-grpc', 's3', 's3-grpc'])
      rmSync(`/tmp/seaweedfs-${part}-${port}.sock`, { force: true })
}

/** A request that was given up may still be carried out: then the probe would be there again after its removal. */
const ANSWER_MS = 20_000

/** It answers some seconds before it can read and write. */
async function serves(url: string): Promise<boolean> {
  const bucket = await ask('PUT', `${url}/${BUCKET}`)
  // 409: the bucket exists.
  if (!bucket.ok && bucket.status !== 409) return false
  const probe = `${url}/${BUCKET}/${PROBE}`
  const [written, read] = [await ask('PUT', probe, PROBE), await ask('GET', probe)]
  if (!written.ok || !read.ok) return false
  return (await ask('DELETE', probe)).ok
}

async function ask(method: string, url: string, body?: string): Promise<Response> {
  const response = await fetch(url, {
    method,
    signal: AbortSignal.timeout(ANSWER_MS),
    ...(body !== undefined && { body }),
  })
  await response.body?.cancel()
  return response
}
