/**
 * A forest as bytes, compressed. Boxes are left out, since they follow from the points; everything that
 * decides about later scores is exact, so a forest that was written and read goes on as if it had not been.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { StateError, StateReader, StateWriter } from '../bytes.ts'
import { Forest, type ForestOptions } from './forest.ts'
import type { Sampler } from './sampler.ts'
import { NO_NODE, type Tree } from './tree.ts'

/** The byte before a leaf; other bytes are the dimension of an inner node's cut. */
const LEAF = 255
/** The fastest level saves a third, and takes a few milliseconds. */
const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }
/** Bytes of a point's part in one tree (leaf, inner node, weight), and of its values. */
const POINT_BYTES = 32
const VALUE_BYTES = 4

export function writeForest(forest: Forest, to: StateWriter): void {
  const raw = new StateWriter()
  writeRaw(forest, raw)
  const compressed = zstdCompressSync(raw.finish(), COMPRESSION)
  to.u32(compressed.length)
  to.bytes(compressed)
}

/** Throws a StateError if the forest had other options. */
export function readForest(options: ForestOptions, from: StateReader): Forest {
  const compressed = from.bytes(from.count(from.left))
  const points = options.trees * options.sampleSize
  const maxOutputLength = 1024 + points * (POINT_BYTES + VALUE_BYTES * options.dimensions)
  let raw: Uint8Array
  try {
    raw = zstdDecompressSync(compressed, { maxOutputLength })
  } catch {
    throw new StateError('its forest cannot be decompressed')
  }
  return readRaw(options, new StateReader(raw))
}

function writeRaw({ options, points, trees, samplers, random, sequence }: Forest, to: StateWriter): void {
  to.u16(options.trees)
  to.u16(options.sampleSize)
  to.u16(options.dimensions)
  to.f64(sequence)
  for (const word of random.words) to.u32(word >>> 0)
  const slots = new Map<number, number>()
  for (const tree of trees) {
    for (const leaf of leavesOf(tree)) {
      const slot = tree.leafSlot[leaf]!
      if (!slots.has(slot)) slots.set(slot, slots.size)
    }
  }
  to.u32(slots.size)
  for (const slot of slots.keys()) {
    for (let d = 0; d < options.dimensions; d++) to.f32(points.values[slot * options.dimensions + d]!)
  }
  for (const [i, tree] of trees.entries()) writeTree(tree, samplers[i]!, slots, to)
}

function leavesOf(tree: Tree, node = tree.root, found: number[] = []): number[] {
  if (node === NO_NODE) return found
  if (node >= tree.capacity) found.push(node - tree.capacity)
  else {
    leavesOf(tree, tree.left[node], found)
    leavesOf(tree, tree.right[node], found)
  }
  return found
}

/** Writes nodes before their children, then the sample with leaves numbered in that order. */
function writeTree(tree: Tree, sampler: Sampler, slots: ReadonlyMap<number, number>, to: StateWriter): void {
  to.u16(sampler.size)
  const numbers = new Map<number, number>()
  const write = (node: number): void => {
    if (node >= tree.capacity) {
      const leaf = node - tree.capacity
      numbers.set(leaf, numbers.size)
      to.u8(LEAF)
      to.u16(tree.leafMass[leaf]!)
      to.u32(slots.get(tree.leafSlot[leaf]!)!)
      return
    }
    to.u8(tree.cutDimension[node]!)
    to.f32(tree.cutValue[node]!)
    write(tree.left[node]!)
    write(tree.right[node]!)
  }
  if (sampler.size > 0) write(tree.root)
  for (let i = 0; i < sampler.size; i++) {
    to.f64(sampler.weights[i]!)
    to.u16(numbers.get(sampler.leaves[i]!)!)
  }
}

function readRaw(options: ForestOptions, from: StateReader): Forest {
  const forest = new Forest(options)
  if (from.u16() !== options.trees || from.u16() !== options.sampleSize || from.u16() !== options.dimensions)
    throw new StateError('it is a forest of another size')
  forest.sequence = from.f64()
  for (let i = 0; i < forest.random.words.length; i++) forest.random.words[i] = from.u32()
  const point = new Float32Array(options.dimensions)
  const slots = Array.from({ length: from.count(options.trees * options.sampleSize) }, () => {
    for (let d = 0; d < options.dimensions; d++) point[d] = from.f32()
    return forest.points.add(point)
  })
  for (const [i, tree] of forest.trees.entries()) readTree(tree, forest.samplers[i]!, slots, from)
  return forest
}

function readTree(tree: Tree, sampler: Sampler, slots: readonly number[], from: StateReader): void {
  const size = from.u16()
  if (size > tree.capacity) throw new StateError('a tree of it has too many points')
  const leaves: number[] = []
  const read = (depth: number): number => {
    const cut = from.u8()
    if (depth > tree.capacity || leaves.length >= size) throw new StateError('a tree of it is too deep')
    if (cut === LEAF) {
      const mass = from.u16()
      const slot = slots[from.u32()]
      if (slot === undefined) throw new StateError('a leaf of it has no point')
      const leaf = tree.newLeaf(slot, mass)
      tree.mass += mass
      leaves.push(leaf)
      return tree.capacity + leaf
    }
    const node = tree.newNode()
    tree.cutDimension[node] = cut
    tree.cutValue[node] = from.f32()
    tree.left[node] = read(depth + 1)
    tree.right[node] = read(depth + 1)
    tree.fitBox(node)
    return node
  }
  if (size > 0) tree.root = read(0)
  if (tree.mass !== size) throw new StateError('a tree of it does not fit its sample')
  for (let i = 0; i < size; i++) {
    sampler.weights[i] = from.f64()
    sampler.leaves[i] = leaves[from.u16()] ?? 0
  }
  sampler.size = size
}
