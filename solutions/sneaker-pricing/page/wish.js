/** What a viewer has asked for, shown until snapshots have it, so that a switch does not jump back and forth. */

const PATIENCE_MS = 5000

export function openWish() {
  let wish
  return {
    make: (id, value) => {
      wish = { id, value, at: performance.now() }
    },
    forget: () => {
      wish = undefined
    },
    /** The value to show, if snapshots have `seen`. */
    of: (id, seen) => {
      if (wish?.id !== id) return seen
      if (wish.value === seen || performance.now() - wish.at > PATIENCE_MS) wish = undefined
      return wish?.value ?? seen
    },
  }
}
