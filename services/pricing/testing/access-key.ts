/** A file with an access key that has some rights over Glue only. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tieFolder } from '@weir/stack/lifeline.ts'

export const OWNER = { accessKeyId: 'OWNER1', secretAccessKey: 'secret-of-the-test-1' }

/** Returns the variables of a replica that knows the key. The file is removed when the test ends. */
export function ownerOf(names: readonly string[]): Readonly<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-keys-'))
  tieFolder(folder)
  const file = join(folder, 'access-keys.json')
  writeFileSync(file, JSON.stringify([{ ...OWNER, rights: { glue: names } }]))
  return { AWS_ACCESS_KEYS_FILE: file }
}
