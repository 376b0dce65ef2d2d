import { expect, test } from 'vitest'
import { StateError, StateReader, StateWriter } from '../bytes.ts'
import { readForest, writeForest } from './codec.ts'
import { expectedLast } from './expected.ts'
import { Forest } from './forest.ts'
import { Random } from './random.ts'
import { NO_NODE, type Tree } from './tree.ts'

const OPTIONS = { trees: 10, sampleSize: 64, dimensions: 4, decay: 1 / 640, seed: 3 }

/** Points of which some are equal, on a coarse grid. */
function points(count: number, seed = 1): Float32Array[] {
  const random = new Random(seed)
  return Array.from({ length: count }, (_, i) =>
    Float32Array.from({ length: 4 }, () => Math.sin(i / 20) * 5 + Math.round(random.next() * 3)),
  )
}

interface Subtree {
  readonly mass: number
  readonly low: readonly number[]
  readonly high: readonly number[]
}

/** Checks a subtree. Adds what is wrong to `faults`: an expectation for each node would take most of the time. */
function check(tree: Tree, node: number, faults: string[]): Subtree {
  const { values, dimensions } = tree.points
  if (node >= tree.capacity) {
    const leaf = node - tree.capacity
    const at = tree.leafSlot[leaf]! * dimensions
    const point = [...values.subarray(at, at + dimensions)]
    if (tree.find(values, at) !== leaf) faults.push(`a point does not lead to leaf ${leaf}`)
    return { mass: tree.leafMass[leaf]!, low: point, high: point }
  }
  const [left, right] = [tree.left[node]!, tree.right[node]!].map((child) => check(tree, child, faults))
  const [cut, value] = [tree.cutDimension[node]!, tree.cutValue[node]!]
  if (!(left.high[cut]! <= value && right.low[cut]! > value)) faults.push(`node ${node} does not separate`)
  const low = left.low.map((value, d) => Math.min(value, right.low[d]!))
  const high = left.high.map((value, d) => Math.max(value, right.high[d]!))
  const box = tree.boxes.subarray(node * 2 * dimensions, (node + 1) * 2 * dimensions)
  const tight = low.flatMap((value, d) => [value, high[d]!])
  if (tight.some((bound, i) => bound !== box[i]))
    faults.push(`the box of node ${node} is ${box}, not ${tight}`)
  return { mass: left.mass + right.mass, low, high }
}

test('trees stay whole: cuts separate, boxes are tight, every point leads to its leaf', () => {
  const forest = new Forest(OPTIONS)
  for (const [i, point] of points(1_500).entries()) {
    forest.update(point)
    if (i % 50 !== 0) continue
    for (const [n, tree] of forest.trees.entries()) {
      expect(tree.root).not.toBe(NO_NODE)
      const faults: string[] = []
      expect(check(tree, tree.root, faults).mass).toBe(forest.samplers[n]!.size)
      expect(faults).toEqual([])
    }
  }
})

test('the parts of a score sum to it, for new points and for known ones', () => {
  const forest = new Forest(OPTIONS)
  for (const point of points(500)) {
    const parts = forest.attribution(point)
    expect(parts.every((part) => part >= 0)).toBe(true)
    expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(forest.score(point), 12)
    forest.update(point)
  }
})

test('a forest of equal points has finite scores', () => {
  const forest = new Forest(OPTIONS)
  const point = Float32Array.of(1, 2, 3, 4)
  for (let i = 0; i < 500; i++) forest.update(point)
  const other = Float32Array.of(1, 2, 3, 5)
  expect(forest.score(other)).toBeGreaterThan(forest.score(point))
  expect(forest.attribution(other)[6]).toBeCloseTo(forest.score(other), 12)
  expect(forest.attribution(point).reduce((sum, part) => sum + part, 0)).toBeCloseTo(forest.score(point), 12)
})

test('equal seeds give equal scores, others do not', () => {
  const run = (seed: number): number[] => {
    const forest = new Forest({ ...OPTIONS, seed })
    return points(400).map((point) => {
      const score = forest.score(point)
      forest.update(point)
      return score
    })
  }
  expect(run(5)).toEqual(run(5))
  expect(run(5)).not.toEqual(run(6))
})

test('a forest that was written and read goes on with the same scores', () => {
  const [one, stream] = [new Forest(OPTIONS), points(900)]
  for (const point of stream.slice(0, 500)) one.update(point)
  const to = new StateWriter()
  writeForest(one, to)
  const other = readForest(OPTIONS, new StateReader(to.finish()))
  for (const point of stream.slice(500)) {
    expect(other.score(point)).toBe(one.score(point))
    one.update(point)
    other.update(point)
  }
  expect(() => readForest({ ...OPTIONS, trees: 20 }, new StateReader(to.finish()))).toThrow(StateError)
  for (let length = 0; length < 200; length++)
    expect(() => readForest(OPTIONS, new StateReader(to.finish().subarray(0, length)))).toThrow(StateError)
})

test('old points leave the samples', () => {
  const forest = new Forest(OPTIONS)
  const [before, after] = [Float32Array.of(0, 0, 0, 0), Float32Array.of(100, 100, 100, 100)]
  for (let i = 0; i < 1_000; i++) forest.update(before)
  const unusual = forest.score(after)
  for (let i = 0; i < 5_000; i++) forest.update(after)
  expect(forest.score(after)).toBeLessThan(unusual / 3)
  expect(forest.score(before)).toBeGreaterThan(1)
})

test('the expected last value is that of similar points', () => {
  const forest = new Forest(OPTIONS)
  const random = new Random(4)
  for (let i = 0; i < 600; i++) {
    const base = i % 2 === 0 ? 0 : 50
    forest.update(Float32Array.from({ length: 4 }, () => base + random.next()))
  }
  const { low, high } = expectedLast(forest, Float32Array.of(50.5, 50.5, 50.5, 900))
  expect(low).toBeGreaterThan(45)
  expect(high).toBeLessThan(55)
})
