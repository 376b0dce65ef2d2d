/** The chosen truck. It is in the address, so that a link shows it. */

const fromAddress = () => new URLSearchParams(location.hash.slice(1)).get('truck')

/** @param changed called when the address has changed: a link of this page, or the browser's history */
export function openChoice(changed) {
  let chosen = fromAddress()
  addEventListener('hashchange', () => {
    // Links to parts of the page are no choice.
    const next = fromAddress()
    if (next === null || next === chosen) return
    chosen = next
    changed()
  })
  return {
    /** The id of the chosen truck; null if none was chosen. */
    get id() {
      return chosen
    },
    choose: (id) => {
      chosen = id
      history.replaceState(null, '', `#${new URLSearchParams({ truck: id })}`)
      changed()
    },
  }
}
