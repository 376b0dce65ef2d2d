/** Glue's serializer for Java from Maven, as a producer of one record. */
import { execFile } from 'node:child_process'
import { mkdtempSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { compileEncoder } from '@weir/codec/avro/encode.ts'
import { type AvroSchema, parseSchema } from '@weir/contracts/avro.ts'
import { findJava } from '@weir/stack/java.ts'
import { tieFolder } from '@weir/stack/lifeline.ts'
import { cached, downloadLibraries } from '@weir/stack/maven.ts'
import { versions } from '@weir/stack/versions.ts'

const run = promisify(execFile)
const SERIALIZER = `software.amazon.glue:schema-registry-serde:${versions.glueSerializer}`
/** The version matches the slf4j-api that comes with the serializer. */
const LOGGING = 'org.slf4j:slf4j-nop:2.0.13'
/** The serializer throws its errors by Lombok, and does not depend on it. */
const LOMBOK = 'org.projectlombok:lombok:1.18.30'
const MAX_RECORD_BYTES = 4096
const RUN_MS = 60_000
const ENVIRONMENT = {
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_EC2_METADATA_DISABLED: 'true',
}

const serializer = (): Promise<string> =>
  cached(`glue-serializer-${versions.glueSerializer}`, async (folder, scratch) => {
    await downloadLibraries({ all: [SERIALIZER, LOGGING, LOMBOK] }, scratch)
    renameSync(join(scratch, 'all/libs'), join(folder, 'libs'))
  }).then((folder) => join(folder, 'libs'))

export interface Produced {
  readonly endpoint: string
  readonly brokers: readonly string[]
  readonly topic: string
  readonly schema: AvroSchema
  /** A value of the schema. */
  readonly record: unknown
  readonly compression: 'NONE' | 'ZLIB'
  /** The topic's name if undefined. */
  readonly schemaName?: string
}

/** Resolves to `sent PARTITION OFFSET JSON` or `refused CAUSES`. */
export async function produce(produced: Produced): Promise<string> {
  const { endpoint, brokers, topic, schema, record, compression, schemaName } = produced
  const folder = mkdtempSync(join(tmpdir(), 'weir-glue-'))
  tieFolder(folder)
  const [schemaFile, recordFile] = [join(folder, 'schema.avsc'), join(folder, 'record.avro')]
  writeFileSync(schemaFile, JSON.stringify(schema))
  const bytes = Buffer.alloc(MAX_RECORD_BYTES)
  const end = compileEncoder(parseSchema(schema))(record, bytes, 0)
  writeFileSync(recordFile, bytes.subarray(0, end))
  const { stdout } = await run(
    findJava().command,
    [
      '-Xmx256m',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-cp',
      `${await serializer()}/*`,
      join(import.meta.dirname, 'GlueProducer.java'),
      endpoint,
      brokers.join(','),
      topic,
      schemaFile,
      recordFile,
      compression,
      ...(schemaName === undefined ? [] : [schemaName]),
    ],
    { env: { ...process.env, ...ENVIRONMENT }, timeout: RUN_MS },
  )
  return stdout.trim().split('\n').at(-1)!
}
