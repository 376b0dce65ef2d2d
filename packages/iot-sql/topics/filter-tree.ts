/** Finds the topic filters that match a topic. */
import { TopicError } from '../errors.ts'
import { filterProblem, MQTT_LIMITS } from './check.ts'

/** A level of filters: the filters that end here, and the levels below. */
interface Level<T> {
  readonly children: Map<string, Level<T>>
  /** Undefined if no filter ends here. */
  values: Set<T> | undefined
}

/**
 * Filters and their values, as a tree of levels. Time to match is bounded by the number of levels in the tree,
 * since each is visited at most once, and by the depth of the tree, however many levels the topic has.
 */
export class FilterTree<T> {
  readonly #root: Level<T> = newLevel()
  readonly #hashMatchesParent: boolean
  #size = 0

  /**
   * @param rules whether a/# matches the topic a: it does in MQTT (section 4.7.1.2), and does not in the rules
   *   of AWS IoT
   */
  constructor(rules: 'mqtt' | 'aws') {
    this.#hashMatchesParent = rules === 'mqtt'
  }

  /** The number of pairs of a filter and a value. */
  get size(): number {
    return this.#size
  }

  /**
   * Adds a value under a filter. Does nothing if it is there already.
   *
   * @throws TopicError if the filter is not valid in MQTT, or has more than 128 levels
   */
  add(filter: string, value: T): void {
    const problem = filterProblem(filter, MQTT_LIMITS)
    if (problem !== undefined) throw new TopicError(problem)
    let level = this.#root
    for (const name of filter.split('/')) {
      let child = level.children.get(name)
      if (child === undefined) level.children.set(name, (child = newLevel()))
      level = child
    }
    level.values ??= new Set()
    if (level.values.has(value)) return
    level.values.add(value)
    this.#size++
  }

  /** Removes a value from a filter. Returns whether it was there. */
  remove(filter: string, value: T): boolean {
    const names = filter.split('/', MQTT_LIMITS.maxLevels + 1)
    const path = [this.#root]
    for (const name of names) {
      const child = path[path.length - 1].children.get(name)
      if (child === undefined) return false
      path.push(child)
    }
    const last = path[names.length]
    if (last.values?.delete(value) !== true) return false
    this.#size--
    if (last.values.size === 0) last.values = undefined
    for (let i = names.length; i > 0 && isEmpty(path[i]); i--) path[i - 1].children.delete(names[i - 1])
    return true
  }

  /** The values of all filters that match. A value that was added under several filters is there once. */
  match(topic: string): T[] {
    const matched = new Set<T>()
    let levels: Level<T>[] = [this.#root]
    let start = 0
    // A wildcard at the first level does not match topics of the broker itself.
    let wildcards = !topic.startsWith('$')
    while (levels.length > 0) {
      const slash = topic.indexOf('/', start)
      const name = slash < 0 ? topic.slice(start) : topic.slice(start, slash)
      const below: Level<T>[] = []
      for (const { children } of levels) {
        if (wildcards) addAll(matched, children.get('#'))
        push(below, name === '+' || name === '#' ? undefined : children.get(name))
        if (wildcards) push(below, children.get('+'))
      }
      levels = below
      wildcards = true
      if (slash < 0) break
      start = slash + 1
    }
    for (const level of levels) {
      addAll(matched, level)
      if (this.#hashMatchesParent) addAll(matched, level.children.get('#'))
    }
    return [...matched]
  }
}

function newLevel<T>(): Level<T> {
  return { children: new Map(), values: undefined }
}

function isEmpty<T>({ children, values }: Level<T>): boolean {
  return values === undefined && children.size === 0
}

function push<T>(levels: Level<T>[], level: Level<T> | undefined): void {
  if (level !== undefined) levels.push(level)
}

function addAll<T>(matched: Set<T>, level: Level<T> | undefined): void {
  if (level?.values !== undefined) for (const value of level.values) matched.add(value)
}
