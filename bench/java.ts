/** Kafka's own performance tools, from the same release as the broker. */
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { cached, downloadLibraries } from '@weir/stack/maven.ts'
import { versions } from '@weir/stack/versions.ts'

/** Returns the classpath of org.apache.kafka.tools. */
export async function perfTools(): Promise<string> {
  const folder = await cached(`kafka-tools-${versions.kafka}`, async (into, scratch) => {
    await downloadLibraries({ tools: [`org.apache.kafka:kafka-tools:${versions.kafka}`] }, scratch)
    renameSync(join(scratch, 'tools/libs'), join(into, 'libs'))
  })
  return `${folder}/libs/*`
}
