/** Dynamic partitioning as clients configure it: objects by the partition keys of their records. */
import { parsePrefix, type S3Destination } from '@weir/deliveries'
import type { S3Input } from './destination.ts'
import { invalidArgument, refused } from './firehose.ts'

/** The least size of buffers with dynamic partitioning (developer guide, "Quota"), and the size if none is given. */
const MIN_SIZE_MIB = 64

/** @param before the destination to be updated */
export function partitioningOf(
  { DynamicPartitioningConfiguration: given, BufferingHints: hints }: S3Input,
  before: S3Destination | undefined,
): Partial<S3Destination> {
  const isPartitioned = given?.Enabled
  if (before !== undefined) {
    if (isPartitioned !== undefined && isPartitioned !== (before.isPartitioned ?? false))
      throw invalidArgument(
        'Dynamic partitioning cannot be enabled or disabled later; create the delivery stream anew.',
      )
    return {}
  }
  if (!isPartitioned) return {}
  return hints === undefined ? { isPartitioned, sizeMiB: MIN_SIZE_MIB } : { isPartitioned }
}

/** Throws InvalidArgumentException if the prefix and the partition keys do not fit together. */
export function requirePartitioning({
  prefix,
  errorPrefix,
  isPartitioned = false,
  processing,
  sizeMiB,
  intervalSeconds,
}: S3Destination): void {
  const { keys } = parsePrefix(prefix, 'delivered')
  if (keys.some(({ from }) => from === 'query'))
    throw refused(
      '!{partitionKeyFromQuery:…}',
      'functions find partition keys, see !{partitionKeyFromLambda:…}',
    )
  if (!isPartitioned) {
    if (keys.length > 0)
      throw invalidArgument('Prefix has partition keys, so DynamicPartitioningConfiguration must be enabled.')
    return
  }
  if (keys.length === 0)
    throw invalidArgument('Prefix must have partition keys when dynamic partitioning is enabled.')
  if (!processing?.lambda)
    throw invalidArgument('Prefix has partition keys from a function, so there must be a Lambda processor.')
  if (errorPrefix === '')
    throw invalidArgument('ErrorOutputPrefix is required when dynamic partitioning is enabled.')
  if (sizeMiB < MIN_SIZE_MIB || intervalSeconds === 0)
    throw invalidArgument(
      `BufferingHints must have at least ${MIN_SIZE_MIB} MB and 1 second when dynamic partitioning is enabled.`,
    )
}
