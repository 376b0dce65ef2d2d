/**
 * A random cut tree (Guha et al., "Robust Random Cut Forest Based Anomaly Detection On Streams", ICML 2016,
 * algorithms 1 and 2) with a bounding box at every inner node. A node below `capacity` is an inner node; a
 * node from `capacity` on is the leaf `node - capacity`.
 */
import type { Points } from './points.ts'
import type { Random } from './random.ts'

export const NO_NODE = -1

export class Tree {
  readonly capacity: number
  readonly points: Points
  readonly left: Int16Array
  readonly right: Int16Array
  readonly cutDimension: Uint8Array
  readonly cutValue: Float32Array
  /** The least and the greatest value per dimension, in turn. */
  readonly boxes: Float32Array
  /** The sum of the lengths of a box. */
  readonly ranges: Float64Array
  readonly leafSlot: Uint32Array
  readonly leafMass: Uint16Array
  root = NO_NODE
  /** Number of points, equal ones counted each. */
  mass = 0
  readonly #freeNodes: Int16Array
  #freeNodeCount: number
  readonly #freeLeaves: Int16Array
  #freeLeafCount: number
  /** Inner nodes from the root to the leaf that was found last. */
  readonly path: Int16Array
  depth = 0

  constructor(capacity: number, points: Points) {
    const { dimensions } = points
    this.capacity = capacity
    this.points = points
    this.left = new Int16Array(capacity)
    this.right = new Int16Array(capacity)
    this.cutDimension = new Uint8Array(capacity)
    this.cutValue = new Float32Array(capacity)
    this.boxes = new Float32Array(capacity * 2 * dimensions)
    this.ranges = new Float64Array(capacity)
    this.leafSlot = new Uint32Array(capacity)
    this.leafMass = new Uint16Array(capacity)
    this.path = new Int16Array(capacity)
    this.#freeNodes = Int16Array.from({ length: capacity }, (_, i) => capacity - 1 - i)
    this.#freeNodeCount = capacity
    this.#freeLeaves = this.#freeNodes.slice()
    this.#freeLeafCount = capacity
  }

  newNode(): number {
    return this.#freeNodes[--this.#freeNodeCount]
  }

  newLeaf(slot: number, mass: number): number {
    const leaf = this.#freeLeaves[--this.#freeLeafCount]
    this.leafSlot[leaf] = slot
    this.leafMass[leaf] = mass
    this.points.retain(slot)
    return leaf
  }

  /** Finds the leaf that `values` from `at` on lead to, and leaves the way to it in `path` and `depth`. */
  find(values: Float32Array, at: number): number {
    const { capacity, left, right, cutDimension, cutValue, path } = this
    let node = this.root
    let depth = 0
    while (node < capacity) {
      path[depth++] = node
      node = values[at + cutDimension[node]] <= cutValue[node] ? left[node] : right[node]
    }
    this.depth = depth
    return node - capacity
  }

  /**
   * Inserts a point that is stored in `slot`, and returns its leaf. On the way down each box grows by the
   * point. A random cut of the grown box that separates the point from the old box becomes a new node; its
   * probability is the growth over the new length.
   */
  insert(point: Float32Array, slot: number, random: Random): number {
    this.mass++
    if (this.root === NO_NODE) {
      const leaf = this.newLeaf(slot, 1)
      this.root = this.capacity + leaf
      return leaf
    }
    let parent = NO_NODE
    let node = this.root
    while (node < this.capacity) {
      const growth = this.#growth(node, point)
      if (growth > 0) {
        const position = random.next() * (this.ranges[node] + growth)
        if (position < growth) break
        this.#extend(node, point)
      }
      parent = node
      node = point[this.cutDimension[node]] <= this.cutValue[node] ? this.left[node] : this.right[node]
    }
    if (node >= this.capacity && this.points.equals(this.leafSlot[node - this.capacity], point)) {
      this.leafMass[node - this.capacity]++
      return node - this.capacity
    }
    return this.#separate(parent, node, point, slot, random)
  }

  /** Removes one point of a leaf. */
  remove(leaf: number): void {
    this.mass--
    if (--this.leafMass[leaf] > 0) return
    const { values, dimensions } = this.points
    const at = this.leafSlot[leaf] * dimensions
    this.find(values, at)
    const { path, depth, left, right, capacity } = this
    if (depth === 0) this.root = NO_NODE
    else {
      const parent = path[depth - 1]
      const sibling = left[parent] === capacity + leaf ? right[parent] : left[parent]
      this.#replace(depth > 1 ? path[depth - 2] : NO_NODE, parent, sibling)
      this.#freeNodes[this.#freeNodeCount++] = parent
      for (let level = depth - 2; level >= 0 && this.#touches(path[level], values, at); level--)
        this.fitBox(path[level])
    }
    this.#freeLeaves[this.#freeLeafCount++] = leaf
    this.points.release(this.leafSlot[leaf])
  }

  /** Makes the box of a node the smallest that has both children in it. */
  fitBox(node: number): void {
    const { dimensions } = this.points
    const { boxes } = this
    const at = node * 2 * dimensions
    for (let d = 0; d < 2 * dimensions; d += 2) {
      boxes[at + d] = Infinity
      boxes[at + d + 1] = -Infinity
    }
    this.#join(at, this.left[node])
    this.#join(at, this.right[node])
    this.#measure(node)
  }

  #join(at: number, child: number): void {
    const { boxes, capacity } = this
    const { values, dimensions } = this.points
    const isLeaf = child >= capacity
    const from = isLeaf ? this.leafSlot[child - capacity] * dimensions : child * 2 * dimensions
    for (let d = 0; d < dimensions; d++) {
      const low = isLeaf ? values[from + d] : boxes[from + 2 * d]
      const high = isLeaf ? low : boxes[from + 2 * d + 1]
      if (low < boxes[at + 2 * d]) boxes[at + 2 * d] = low
      if (high > boxes[at + 2 * d + 1]) boxes[at + 2 * d + 1] = high
    }
  }

  #measure(node: number): void {
    const { dimensions } = this.points
    const at = node * 2 * dimensions
    let range = 0
    for (let d = 0; d < 2 * dimensions; d += 2) range += this.boxes[at + d + 1] - this.boxes[at + d]
    this.ranges[node] = range
  }

  #growth(node: number, point: Float32Array): number {
    const { boxes } = this
    let at = node * 2 * point.length
    let growth = 0
    for (let d = 0; d < point.length; d++, at += 2) {
      const value = point[d]
      if (value < boxes[at]) growth += boxes[at] - value
      else if (value > boxes[at + 1]) growth += value - boxes[at + 1]
    }
    return growth
  }

  #extend(node: number, point: Float32Array): void {
    const { boxes } = this
    let at = node * 2 * point.length
    for (let d = 0; d < point.length; d++, at += 2) {
      if (point[d] < boxes[at]) boxes[at] = point[d]
      if (point[d] > boxes[at + 1]) boxes[at + 1] = point[d]
    }
    this.#measure(node)
  }

  #touches(node: number, values: Float32Array, from: number): boolean {
    const { boxes } = this
    const { dimensions } = this.points
    const at = node * 2 * dimensions
    for (let d = 0; d < dimensions; d++) {
      const value = values[from + d]
      if (value <= boxes[at + 2 * d] || value >= boxes[at + 2 * d + 1]) return true
    }
    return false
  }

  /** Puts a new node in the place of `sibling`, with the point on the other side of a cut between them. */
  #separate(parent: number, sibling: number, point: Float32Array, slot: number, random: Random): number {
    const leaf = this.newLeaf(slot, 1)
    const node = this.newNode()
    const isLeft = this.#cut(node, sibling, point, random)
    this.left[node] = isLeft ? this.capacity + leaf : sibling
    this.right[node] = isLeft ? sibling : this.capacity + leaf
    this.fitBox(node)
    this.#replace(parent, sibling, node)
    return leaf
  }

  /** Chooses a cut evenly from the gaps between the point and the box; returns whether the point is left. */
  #cut(node: number, sibling: number, point: Float32Array, random: Random): boolean {
    const dimensions = point.length
    let gaps = 0
    for (let d = 0; d < dimensions; d++)
      gaps += Math.max(0, this.#low(sibling, d) - point[d], point[d] - this.#high(sibling, d))
    let position = random.next() * gaps
    let last = 0
    for (let d = 0; d < dimensions; d++) {
      const gap = Math.max(this.#low(sibling, d) - point[d], point[d] - this.#high(sibling, d))
      if (gap <= 0) continue
      last = d
      if (position < gap) break
      position -= gap
    }
    const isLeft = point[last] < this.#low(sibling, last)
    const from = isLeft ? point[last] : this.#high(sibling, last)
    const to = isLeft ? this.#low(sibling, last) : point[last]
    // A value on a cut is on its left.
    const cut = Math.fround(from + Math.min(position, to - from))
    this.cutDimension[node] = last
    this.cutValue[node] = cut < to ? cut : from
    return isLeft
  }

  #low(node: number, dimension: number): number {
    const { values, dimensions } = this.points
    if (node >= this.capacity) return values[this.leafSlot[node - this.capacity] * dimensions + dimension]
    return this.boxes[node * 2 * dimensions + 2 * dimension]
  }

  #high(node: number, dimension: number): number {
    const { values, dimensions } = this.points
    if (node >= this.capacity) return values[this.leafSlot[node - this.capacity] * dimensions + dimension]
    return this.boxes[node * 2 * dimensions + 2 * dimension + 1]
  }

  #replace(parent: number, child: number, by: number): void {
    if (parent === NO_NODE) this.root = by
    else if (this.left[parent] === child) this.left[parent] = by
    else this.right[parent] = by
  }
}
