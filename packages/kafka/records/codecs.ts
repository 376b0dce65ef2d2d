/**
 * The compression codecs of record batches, each bounded: a batch that inflates beyond MAX_INFLATED is
 * refused before the memory is allocated.
 */

import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { compressionsAlgorithms } from '@platformatic/kafka'
import type { Compression } from '../config.ts'
import { KafkaError } from '../errors.ts'

/** Far more than a producer makes with Kafka's default of 1 MB per batch. */
export const MAX_INFLATED = 128 * 1024 * 1024

interface Codec {
  compress(bytes: Buffer): Buffer
  inflate(bytes: Buffer): Buffer
}

const { snappy, lz4 } = compressionsAlgorithms
/**
 * Level 1: 263 and 233 MB/s on one core. The defaults save a few per cent of size at a third of that speed.
 */
const GZIP = { level: 1 }
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

/** Codecs by their number in a batch's attributes. */
const BY_NUMBER: readonly (Codec | undefined)[] = [
  undefined,
  { compress: (bytes) => gzipSync(bytes, GZIP), inflate: (bytes) => inflateParts(bytes, gzipMembers) },
  { compress: (bytes) => snappy.compressSync(bytes), inflate: inflateSnappy },
  { compress: (bytes) => lz4.compressSync(bytes), inflate: (bytes) => inflateParts(bytes, lz4Frame) },
  { compress: (bytes) => zstdCompressSync(bytes, ZSTD), inflate: (bytes) => inflateParts(bytes, zstdFrame) },
]

export const CODEC_NUMBER: Readonly<Record<Compression, number>> = {
  none: 0,
  gzip: 1,
  snappy: 2,
  lz4: 3,
  zstd: 4,
}

export function compress(codec: number, bytes: Buffer): Buffer {
  return BY_NUMBER[codec]!.compress(bytes)
}

/** Throws `corrupt` if the bytes are not in that codec's format or inflate beyond MAX_INFLATED. */
export function inflate(codec: number, bytes: Buffer): Buffer {
  const known = BY_NUMBER[codec]
  if (known === undefined) throw new KafkaError('unsupported', `Compression codec ${codec}`)
  try {
    return known.inflate(bytes)
  } catch (error) {
    if (error instanceof KafkaError) throw error
    throw new KafkaError('corrupt', 'A compressed record batch cannot be inflated', error)
  }
}

/** The first part of the compressed bytes. Nearly always there is only one. */
interface Part {
  readonly inflated: Buffer
  /** Compressed bytes that it took; at least one. */
  readonly read: number
}

/** The most parts of a batch. A zstd frame takes about 30 µs of one core, however little it holds. */
const MAX_PARTS = 10_000

/**
 * Inflates part by part up to the last byte. The decoders stop after a frame and ignore the bytes that follow
 * it.
 */
function inflateParts(bytes: Buffer, next: (rest: Buffer, most: number) => Part): Buffer {
  const { inflated, read } = next(bytes, MAX_INFLATED)
  if (read === bytes.length) return inflated
  const parts = [inflated]
  let size = inflated.length
  for (let at = read; at < bytes.length; ) {
    if (parts.length === MAX_PARTS)
      throw corrupt(`A compressed record batch has more than ${MAX_PARTS} parts`)
    const part = next(bytes.subarray(at), MAX_INFLATED - size)
    parts.push(part.inflated)
    size += part.inflated.length
    at += part.read
  }
  return Buffer.concat(parts, size)
}

/** The result of zlib's functions with `info`. */
interface Informed {
  readonly buffer: Buffer
  readonly engine: { readonly bytesWritten: number }
}

const informed = (most: number) => ({ info: true, maxOutputLength: Math.max(most, 1) })

/** Reads all members at once. The decoder stops at a zero byte in the place of the next member. */
function gzipMembers(rest: Buffer, most: number): Part {
  const { buffer, engine } = gunzipSync(rest, informed(most)) as unknown as Informed
  return { inflated: buffer, read: engine.bytesWritten }
}

function zstdFrame(rest: Buffer, most: number): Part {
  const { buffer, engine } = zstdDecompressSync(rest, informed(most)) as unknown as Informed
  return { inflated: buffer, read: engine.bytesWritten }
}

const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const XERIAL_HEADER_BYTES = 16

const isXerial = (bytes: Buffer): boolean =>
  bytes.length >= XERIAL_HEADER_BYTES && bytes.subarray(0, XERIAL.length).equals(XERIAL)

function inflateSnappy(bytes: Buffer): Buffer {
  return isXerial(bytes) ? inflateParts(bytes, xerialBlock) : snappyBlock(bytes, MAX_INFLATED)
}

/**
 * Java's framing is a header, then blocks that each follow their length. Concatenated streams each have a
 * header.
 */
function xerialBlock(rest: Buffer, most: number): Part {
  if (isXerial(rest)) return { inflated: EMPTY, read: XERIAL_HEADER_BYTES }
  const end = 4 + rest.readUInt32BE(0)
  if (end === 4 || end > rest.length) throw corrupt('A snappy block is cut short')
  return { inflated: snappyBlock(rest.subarray(4, end), most), read: end }
}

/** A block states its inflated size in its first bytes, and the decoder refuses bytes after its end. */
function snappyBlock(block: Buffer, most: number): Buffer {
  refuse(unsignedVarint(block), most)
  return snappy.decompressSync(block)
}

function unsignedVarint(bytes: Buffer): number {
  let value = 0
  for (let shift = 1, at = 0; shift <= 2 ** 28; shift *= 128) {
    const byte = bytes.readUInt8(at++)
    value += (byte & 0x7f) * shift
    if (byte < 0x80) return value
  }
  throw corrupt('A snappy block does not have a length')
}

const LZ4_MAGIC = 0x184d2204

/**
 * The most that a frame can inflate to is its number of blocks times the block size that its descriptor
 * allows.
 */
function lz4Frame(rest: Buffer, most: number): Part {
  if (rest.readUInt32LE(0) !== LZ4_MAGIC) throw corrupt('An LZ4 frame does not begin with its magic number')
  const flags = rest.readUInt8(4)
  const blockSize = 1 << (8 + 2 * ((rest.readUInt8(5) >> 4) & 7))
  const blockChecksum = flags & 0x10 ? 4 : 0
  let at = 7 + (flags & 0x08 ? 8 : 0) + (flags & 0x01 ? 4 : 0)
  let blocks = 0
  for (
    let length = rest.readUInt32LE(at) & 0x7fffffff;
    length !== 0;
    length = rest.readUInt32LE(at) & 0x7fffffff
  ) {
    blocks++
    at += 4 + length + blockChecksum
  }
  refuse(blocks * blockSize, most)
  const read = at + 4 + (flags & 0x04 ? 4 : 0)
  if (read > rest.length) throw corrupt('An LZ4 frame is cut short')
  return { inflated: lz4.decompressSync(read === rest.length ? rest : rest.subarray(0, read)), read }
}

const EMPTY = Buffer.alloc(0)

function refuse(size: number, most: number): void {
  if (size > most) throw corrupt(`A compressed record batch would inflate beyond ${MAX_INFLATED} bytes`)
}

const corrupt = (sentence: string): KafkaError => new KafkaError('corrupt', sentence)
