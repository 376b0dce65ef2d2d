/**
 * What a forest expects as the last value of a point: per tree the last value of the nearest point that the
 * other values lead to. A cut of the last value itself is followed on both sides.
 */
import type { Forest } from './forest.ts'
import { NO_NODE, type Tree } from './tree.ts'

/** The range has all but this part of the trees' values on each side. */
const TAIL = 0.05

interface Nearest {
  distance: number
  value: number
}

export function expectedLast(forest: Forest, point: Float32Array): { low: number; high: number } {
  const values: number[] = []
  for (const tree of forest.trees) {
    if (tree.root !== NO_NODE) values.push(nearest(tree, tree.root, point).value)
  }
  values.sort((a, b) => a - b)
  const at = Math.floor(values.length * TAIL)
  return { low: values[at] ?? -Infinity, high: values[values.length - 1 - at] ?? Infinity }
}

function nearest(tree: Tree, node: number, point: Float32Array): Nearest {
  const last = point.length - 1
  if (node >= tree.capacity) {
    const { values, dimensions } = tree.points
    const at = tree.leafSlot[node - tree.capacity]! * dimensions
    let distance = 0
    for (let d = 0; d < last; d++) distance += Math.abs(values[at + d]! - point[d]!)
    return { distance, value: values[at + last]! }
  }
  const [left, right] = [tree.left[node]!, tree.right[node]!]
  const dimension = tree.cutDimension[node]!
  if (dimension !== last)
    return nearest(tree, point[dimension]! <= tree.cutValue[node]! ? left : right, point)
  const [a, b] = [nearest(tree, left, point), nearest(tree, right, point)]
  return a.distance <= b.distance ? a : b
}
