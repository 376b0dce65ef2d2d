/**
 * The anomaly score of a point in one tree, and its parts per dimension: the expected inverse depth at which
 * the point would be separated, times log2 of the number of points + 1. It is the score of AWS's Random Cut
 * Forest library, so the average of a point is near 1.
 */
import { NO_NODE, type Tree } from './tree.ts'

/** A growth that is only the rounding of sums. */
const NO_GROWTH = 1e-12

const seen = (tree: Tree, leaf: number): number => {
  const mass = tree.leafMass[leaf]
  return (1 - mass / (2 * tree.mass)) / (tree.depth + Math.log2(mass + 1))
}

export function scoreIn(tree: Tree, point: Float32Array): number {
  if (tree.root === NO_NODE) return 0
  const leaf = tree.find(point, 0)
  const { path, depth, boxes, ranges } = tree
  const scale = Math.log2(tree.mass + 1)
  if (tree.points.equals(tree.leafSlot[leaf], point)) return seen(tree, leaf) * scale
  const dimensions = point.length
  let score = 1 / (depth + 1)
  for (let level = depth - 1; level >= 0; level--) {
    const node = path[level]
    let at = node * 2 * dimensions
    let distances = 0
    for (let d = 0; d < dimensions; d++, at += 2)
      distances += Math.abs(point[d] - boxes[at]) + Math.abs(point[d] - boxes[at + 1])
    // Within a box the distances from its two sides add up to its length. Sums without branches take a sixth
    // less time, since processors cannot guess on which side of a box a value is.
    const range = ranges[node]
    const growth = (distances - range) / 2
    // The boxes above contain this one, and with it the point.
    if (growth <= NO_GROWTH * range) break
    const probability = growth / (range + growth)
    score = probability / (level + 1) + (1 - probability) * score
  }
  return score * scale
}

/**
 * Adds the parts of the score to `parts`: for each dimension what the point has above the data, then what it
 * has below. Their sum is the score. If the tree has the point itself, the parts are those that the tree
 * would give it without that leaf, scaled to the score.
 */
export function attributeIn(tree: Tree, point: Float32Array, parts: Float64Array): void {
  if (tree.root === NO_NODE) return
  const leaf = tree.find(point, 0)
  const own = new Float64Array(parts.length)
  const isKnown = tree.points.equals(tree.leafSlot[leaf], point)
  if (isKnown) attributeKnown(tree, leaf, point, own)
  else {
    const around = boxOf(tree, tree.capacity + leaf)
    mix(own, around, point, 1 / (tree.depth + 1))
    for (let level = tree.depth - 1; level >= 0; level--) {
      if (!mix(own, boxOf(tree, tree.path[level]), point, 1 / (level + 1))) break
    }
  }
  const scale = Math.log2(tree.mass + 1)
  for (let i = 0; i < own.length; i++) parts[i] += own[i] * scale
}

/** Compares the point with the boxes of the siblings on its way up, joined. */
function attributeKnown(tree: Tree, leaf: number, point: Float32Array, own: Float64Array): void {
  const score = seen(tree, leaf)
  own.fill(score / own.length)
  let below = tree.capacity + leaf
  let box: Float32Array | undefined
  for (let level = tree.depth - 1; level >= 0; level--) {
    const node = tree.path[level]
    const sibling = boxOf(tree, tree.left[node] === below ? tree.right[node] : tree.left[node])
    box = box === undefined ? sibling.slice() : union(box, sibling)
    below = node
    if (!mix(own, box, point, 1 / (level + 1))) break
  }
  const sum = own.reduce((all, part) => all + part, 0)
  for (let i = 0; i < own.length; i++) own[i] *= score / sum
}

/**
 * Mixes the score of one level into the parts below it, by the probability that a cut of the box, grown by the
 * point, separates the two. It is 1 for a leaf. False: the point is in the box, so nothing above changes.
 */
function mix(own: Float64Array, box: Float32Array, point: Float32Array, score: number): boolean {
  let growth = 0
  let range = 0
  for (let d = 0; d < point.length; d++) {
    growth += Math.max(0, box[2 * d] - point[d], point[d] - box[2 * d + 1])
    range += box[2 * d + 1] - box[2 * d]
  }
  if (growth === 0) return false
  const rest = 1 - growth / (range + growth)
  for (let d = 0; d < point.length; d++) {
    const high = Math.max(0, point[d] - box[2 * d + 1]) / (range + growth)
    const low = Math.max(0, box[2 * d] - point[d]) / (range + growth)
    own[2 * d] = high * score + rest * own[2 * d]
    own[2 * d + 1] = low * score + rest * own[2 * d + 1]
  }
  return true
}

function boxOf(tree: Tree, node: number): Float32Array {
  const { dimensions, values } = tree.points
  if (node < tree.capacity) return tree.boxes.subarray(node * 2 * dimensions, (node + 1) * 2 * dimensions)
  const at = tree.leafSlot[node - tree.capacity] * dimensions
  return Float32Array.from({ length: 2 * dimensions }, (_, i) => values[at + (i >> 1)])
}

function union(box: Float32Array, other: Float32Array): Float32Array {
  for (let i = 0; i < box.length; i += 2) {
    box[i] = Math.min(box[i], other[i])
    box[i + 1] = Math.max(box[i + 1], other[i + 1])
  }
  return box
}
