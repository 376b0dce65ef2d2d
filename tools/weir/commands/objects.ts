import { command, onlyPositionals, UsageError, wholeNumber } from '../command.ts'
import { EXIT } from '../exit.ts'
import { hint } from '../nearest.ts'
import { type Address, addressOf, parseAddress } from '../objects/address.ts'
import { atMost, contentOf, firstLines, harmless } from '../objects/content.ts'
import { type ObjectReader, openReader } from '../objects/store.ts'
import { print, printJson, untilStopped } from '../terminal/output.ts'
import { plainLine } from '../terminal/plain.ts'
import { duration, table } from '../terminal/table.ts'

const usage = `
weir objects ls [s3://BUCKET/PREFIX] | cat s3://BUCKET/KEY | head [-n N] s3://BUCKET/KEY

Reads the object store: that of the running stack, or the one that AWS's variables name (AWS_ENDPOINT_URL_S3, AWS_REGION,
AWS_PROFILE). Objects whose keys end in .gz are inflated. Control characters are shown as \\x1b on a terminal; in
a file or a pipe, bytes stay as they are.

ls        lists the buckets, or the objects whose keys begin with PREFIX: size in bytes, age, key
cat       prints an object
head      prints its first lines

  --limit N    ls: how many objects at most, up to 10,000 (100)
  --after KEY  ls: only keys after this one
  --json       ls: prints one JSON object per line
  -n N         head: how many lines (10)
  --max-mb N   cat, head: the most MiB of output, up to 1,000,000 (100)

Examples
  weir objects ls s3://weir/2026/
  weir objects head -n 3 s3://weir/2026/12/01/04/clicks-0-17.gz | jq .

Exit codes: 1 there is no such bucket or object, or the output is longer than --max-mb, 4 the store does not answer.
`

const ACTIONS = ['ls', 'cat', 'head']

export const objects = command({
  name: 'objects',
  summary: 'List and print objects of the object store',
  usage,
  options: {
    limit: { type: 'string' },
    after: { type: 'string' },
    json: { type: 'boolean', default: false },
    lines: { type: 'string', short: 'n' },
    'max-mb': { type: 'string' },
  },
  async run({ limit, after, json, lines, 'max-mb': maxMb }, [action = 'ls', where, ...rest]) {
    if (!ACTIONS.includes(action))
      throw new UsageError(`There is no \`weir objects ${action}\`.${hint(action, ACTIONS)}`)
    onlyPositionals(rest, 0)
    const count = wholeNumber('-n', lines, 10, 1, 1e9)
    const maxBytes = wholeNumber('--max-mb', maxMb, 100, 1, 1e6) * 2 ** 20
    const most = wholeNumber('--limit', limit, 100, 1, 10_000)
    if (action !== 'ls' && where === undefined)
      throw new UsageError(`The object is missing; write \`weir objects ${action} s3://BUCKET/KEY\`.`)
    const address = where === undefined ? undefined : parseAddress(where)
    const reader = openReader()
    try {
      if (address === undefined) await listBuckets(reader, json)
      else if (action === 'ls') await listObjects(reader, address, { limit: most, after, json })
      else await show(reader, address, action === 'head' ? count : undefined, maxBytes)
    } finally {
      reader.close()
    }
    return EXIT.ok
  },
})

async function listBuckets(reader: ObjectReader, json: boolean): Promise<void> {
  const buckets = await reader.buckets()
  if (json) return printJson(buckets)
  const rows = buckets.map(({ name, createdAt }) => [ageOf(createdAt), plainLine(name)])
  await print(table(['AGE', 'BUCKET'], rows))
}

interface ListOptions {
  readonly limit: number
  readonly after: string | undefined
  readonly json: boolean
}

async function listObjects(
  reader: ObjectReader,
  address: Address,
  { limit, after, json }: ListOptions,
): Promise<void> {
  const { objects: listed, more } = await reader.list(address, limit, after)
  if (json) await print(listed.map((object) => `${JSON.stringify(object)}\n`).join(''))
  else
    await print(
      table(
        ['BYTES', 'AGE', 'KEY'],
        listed.map(({ key, bytes, modifiedAt }) => [bytes, ageOf(modifiedAt), plainLine(key)]),
      ),
    )
  if (listed.length === 0) process.stderr.write(`There are no objects at ${plainLine(addressOf(address))}.\n`)
  if (more)
    process.stderr.write(
      `There are more: raise --limit, or go on with --after ${JSON.stringify(plainLine(listed.at(-1)!.key))}.\n`,
    )
}

const ageOf = (at: number | undefined): string | null =>
  at === undefined ? null : duration(Math.max(0, Date.now() - at))

/** @param lines undefined: all */
async function show(
  reader: ObjectReader,
  address: Address,
  lines: number | undefined,
  maxBytes: number,
): Promise<void> {
  if (address.key === '') throw new UsageError(`${addressOf(address)} names a bucket; name an object.`)
  const signal = untilStopped()
  const all = contentOf(address, await reader.read(address, signal))
  const bytes = atMost(maxBytes, lines === undefined ? all : firstLines(lines, all))
  try {
    for await (const piece of process.stdout.isTTY ? harmless(bytes) : bytes) await print(piece, signal)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
