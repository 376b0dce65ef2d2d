/** The files of versions: ENDPOINT/VERSION/card.json and model.onnx, in a folder or a bucket of S3. */
import { type FileHandle, open } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MAX_CARD_BYTES, MAX_MODEL_BYTES } from '../models/card.ts'
import { openBucket } from './bucket.ts'

export interface VersionFiles {
  /** Reads the card. Rejects with an error whose message is a sentence. */
  card(endpoint: string, version: string): Promise<Buffer>
  /** Reads the model's file. Rejects with an error whose message is a sentence. */
  model(endpoint: string, version: string): Promise<Buffer>
}

const WEIR = fileURLToPath(new URL('../../../', import.meta.url))

/** Reads ENDPOINT/VERSION/FILE. Rejects with an error whose message is a sentence. */
export type ReadFile = (path: string, maxBytes: number) => Promise<Buffer>

/**
 * @param place a folder, a file:// URL or s3://BUCKET/PREFIX
 * @param region of the bucket
 */
export function openVersionFiles(place: string, region: string): VersionFiles {
  const read = readerOf(place, region)
  return {
    card: (endpoint, version) => read(`${endpoint}/${version}/card.json`, MAX_CARD_BYTES),
    model: (endpoint, version) => read(`${endpoint}/${version}/model.onnx`, MAX_MODEL_BYTES),
  }
}

function readerOf(place: string, region: string): ReadFile {
  const [, bucket, prefix = ''] = /^s3:\/\/([^/]+)(?:\/(.*))?$/.exec(place) ?? []
  if (bucket !== undefined)
    return openBucket({ bucket, prefix: prefix.replace(/(?<=[^/])\/*$/, '/'), region })
  const folder = place.startsWith('file://') ? fileURLToPath(place) : resolve(WEIR, place)
  return (path, maxBytes) => readBounded(join(folder, path), maxBytes)
}

async function readBounded(path: string, maxBytes: number): Promise<Buffer> {
  let file: FileHandle | undefined
  try {
    file = await open(path)
    const found = await file.stat()
    if (!found.isFile()) throw new Error(`${path} is not a file.`)
    if (found.size > maxBytes) throw new Error(`${path} has ${found.size} bytes, and can have ${maxBytes}.`)
    return await file.readFile()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new Error(code === 'ENOENT' ? `There is no file ${path}.` : `${path} cannot be read (${code}).`, {
      cause: error,
    })
  } finally {
    await file?.close()
  }
}
