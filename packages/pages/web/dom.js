/** Elements of a page: made, and changed only where they differ, so that nothing flickers or is read twice. */

/** Creates an element with a class and a text, if they are not empty, and children. */
export function element(tag, className = '', text = '', ...children) {
  const created = document.createElement(tag)
  if (className) created.className = className
  if (text) created.textContent = text
  created.append(...children)
  return created
}

/** Sets a text only if it differs, so that screen readers and layout are not disturbed. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text
}

/**
 * Replaces the rows of a table, each a list of cells; the first cell heads its row. A cell is a text, or
 * { text, className }. Touches the page only if a row differs.
 */
export function fillTable(table, rows) {
  const body = table.tBodies[0]
  while (body.rows.length > rows.length) body.deleteRow(-1)
  rows.forEach((cells, i) => {
    const row = body.rows[i] ?? newRow(body, cells.length)
    cells.forEach((cell, j) => {
      const { text, className } = typeof cell === 'string' ? { text: cell, className: '' } : cell
      setText(row.cells[j], text)
      if (row.cells[j].className !== className) row.cells[j].className = className
    })
  })
}

function newRow(body, cells) {
  const row = body.insertRow()
  const head = element('th')
  head.scope = 'row'
  row.append(head)
  for (let i = 1; i < cells; i++) row.insertCell()
  return row
}
