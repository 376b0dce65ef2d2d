/** Reads a topic with Kafka's own Java client, independently of the drivers under test. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { findJava } from '@weir/stack/java.ts'
import { tieProcess } from '@weir/stack/lifeline.ts'
import { kafkaClasspath } from '@weir/stack/servers/kafka.ts'

export interface ReadRecord {
  readonly partition: number
  readonly offset: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, string>>
}

interface Reader {
  readonly child: ChildProcess
  readonly lines: AsyncIterator<string>
}

/** One virtual machine for all the tests of a file, since each takes seconds to start. */
let reader: Promise<Reader> | undefined
let turn: Promise<unknown> = Promise.resolve()

/** All records that are committed by now, in the order of each partition. */
export function readBack(brokers: readonly string[], topic: string): Promise<ReadRecord[]> {
  const mine = turn.then(() => ask(brokers, topic))
  turn = mine.catch(() => {})
  return mine
}

async function ask(brokers: readonly string[], topic: string): Promise<ReadRecord[]> {
  reader ??= start()
  const { child, lines } = await reader
  child.stdin!.write(`${brokers.join(',')} ${topic}\n`)
  const records: ReadRecord[] = []
  for (let line = await lines.next(); line.value !== '.'; line = await lines.next()) {
    if (line.done) throw new Error('The reader ended in the middle of its answer.')
    records.push(parse(line.value))
  }
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}

async function start(): Promise<Reader> {
  const { command } = findJava()
  const args = [
    '-Xmx256m',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-cp',
    await kafkaClasspath(),
    join(import.meta.dirname, 'ReadBack.java'),
  ]
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] })
  child.unref()
  for (const stream of [child.stdin, child.stdout]) (stream as unknown as { unref(): void }).unref()
  if (child.pid !== undefined) tieProcess(child.pid)
  return { child, lines: createInterface(child.stdout!)[Symbol.asyncIterator]() }
}

function parse(line: string): ReadRecord {
  const [partition, offset, key, value, ...headers] = line.split(' ')
  const pairs = headers.map((header) => header.split(',').map((text) => String(bytes(text))))
  return {
    partition: Number(partition),
    offset: Number(offset),
    key: bytes(key),
    value: bytes(value),
    headers: Object.fromEntries(pairs),
  }
}

function bytes(text: string): Buffer | null {
  if (text === '-') return null
  return text === '.' ? Buffer.alloc(0) : Buffer.from(text, 'base64')
}
