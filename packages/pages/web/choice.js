/** The viewer's choice, by its id. It is in the address, so that a link shows it. */

/**
 * @param name the name of the choice in the address: `truck` for #truck=ID
 * @param changed called when the address has changed: a link of this page, or the browser's history
 */
export function openChoice(name, changed) {
  const fromAddress = () => new URLSearchParams(location.hash.slice(1)).get(name)
  let chosen = fromAddress()
  addEventListener('hashchange', () => {
    // A link to a part of the page does not choose anything.
    const next = fromAddress()
    if (next === null || next === chosen) return
    chosen = next
    changed()
  })
  return {
    /** The id of what was chosen; null if nothing was. */
    get id() {
      return chosen
    },
    choose: (id) => {
      chosen = id
      history.replaceState(null, '', `#${new URLSearchParams({ [name]: id })}`)
      changed()
    },
  }
}
