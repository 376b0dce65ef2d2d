/** The files of versions: ENDPOINT/VERSION/card.json and model.onnx, in a folder. */
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { MAX_CARD_BYTES, MAX_MODEL_BYTES } from '../models/card.ts'

export interface VersionFiles {
  /** Reads the card. Rejects with an error whose message is a sentence. */
  card(endpoint: string, version: string): Promise<Buffer>
  /** Reads the model's file. Rejects with an error whose message is a sentence. */
  model(endpoint: string, version: string): Promise<Buffer>
}

export function openVersionFiles(folder: string): VersionFiles {
  const file = (name: string, maxBytes: number) => (endpoint: string, version: string) =>
    readBounded(join(folder, endpoint, version, name), maxBytes)
  return { card: file('card.json', MAX_CARD_BYTES), model: file('model.onnx', MAX_MODEL_BYTES) }
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
