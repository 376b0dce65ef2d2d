/** The Kinesis Client Library from Maven. */
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { cached, downloadLibraries } from '@weir/stack/maven.ts'
import { versions } from '@weir/stack/versions.ts'

/** Prints the library's log. The version matches the slf4j-api that comes with the library. */
const LOGGING = 'org.slf4j:slf4j-simple:2.0.13'
const LIBRARY = `software.amazon.kinesis:amazon-kinesis-client:${versions.kinesisClient}`

/** A folder with the jars of the library and its dependencies. */
export const kinesisClient = (): Promise<string> =>
  cached(`kinesis-client-${versions.kinesisClient}`, async (folder, scratch) => {
    await downloadLibraries({ all: [LIBRARY, LOGGING] }, scratch)
    renameSync(join(scratch, 'all/libs'), join(folder, 'libs'))
  }).then((folder) => join(folder, 'libs'))
