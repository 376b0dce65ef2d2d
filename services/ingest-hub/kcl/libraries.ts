/** The Kinesis Client Library, and DynamoDB Local for its leases, both from Maven. */
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { cached, downloadLibraries } from '@weir/stack/maven.ts'
import { versions } from '@weir/stack/versions.ts'

/** Prints the library's log. The version matches the slf4j-api that comes with the library. */
const LOGGING = 'org.slf4j:slf4j-simple:2.0.13'

/** A folder with the jars of the library and its dependencies. */
export const kinesisClient = (): Promise<string> =>
  libraries(`kinesis-client-${versions.kinesisClient}`, [
    `software.amazon.kinesis:amazon-kinesis-client:${versions.kinesisClient}`,
    LOGGING,
  ])

/** A folder with the jars of DynamoDB Local, and with its native libraries. */
export const dynamodbLocal = (): Promise<string> =>
  libraries(`dynamodb-local-${versions.dynamodbLocal}`, [
    `com.amazonaws:DynamoDBLocal:${versions.dynamodbLocal}`,
  ])

const libraries = (name: string, artifacts: readonly string[]): Promise<string> =>
  cached(name, async (folder, scratch) => {
    await downloadLibraries({ all: artifacts }, scratch)
    renameSync(join(scratch, 'all/libs'), join(folder, 'libs'))
  }).then((folder) => join(folder, 'libs'))
