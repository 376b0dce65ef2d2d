/** A list whose items are kept by their ids, so that open items stay open and nothing flickers. */

/**
 * @param make (item) → { item: the element, show(item, time) }
 * @returns (items, time) which puts the items in their order
 */
export function openRows(list, idOf, make) {
  const rows = new Map()
  return (items, time) => {
    const seen = new Set()
    items.forEach((item, i) => {
      const id = idOf(item)
      seen.add(id)
      if (!rows.has(id)) rows.set(id, make(item))
      const row = rows.get(id)
      row.show(item, time)
      if (list.children[i] !== row.item) list.insertBefore(row.item, list.children[i] ?? null)
    })
    for (const [id, { item }] of rows) {
      if (seen.has(id)) continue
      item.remove()
      rows.delete(id)
    }
  }
}

export function button(text, className, act) {
  const made = document.createElement('button')
  made.type = 'button'
  made.className = className
  made.textContent = text
  made.addEventListener('click', act)
  return made
}

/** Shows a sentence above a list; the empty one hides it. */
export function showSentence(note, text) {
  note.hidden = text === ''
  if (note.textContent !== text) note.textContent = text
}
