/** The map's message when there are no taxis: how to get some. */
import { setText } from '../kit/dom.js'
import { ago } from '../kit/numbers.js'

const COPIED_MS = 1600

export function openEmpty(document) {
  const section = document.getElementById('empty')
  const text = document.getElementById('empty-text')
  const beneath = document.querySelectorAll('.map, .map-layers, .map-zoom')
  for (const button of section.querySelectorAll('.copy')) button.addEventListener('click', () => copy(button))
  return {
    /** @param since ms since the newest report of the last half hour arrived; null if there was none */
    show: (empty, since) => {
      section.hidden = !empty
      for (const part of beneath) part.inert = empty
      if (!empty) return
      setText(
        text,
        since === null
          ? 'No taxi has reported in the last half hour. Send some taxis out, and they appear here within two seconds.'
          : `The last report came ${ago(since)}. Send some taxis out, and they appear here within two seconds.`,
      )
    },
  }
}

/**
 * Copies the command. If the browser does not allow the clipboard (plain HTTP from another machine), selects
 * the command instead.
 */
async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy)
    setText(button, 'Copied')
    setTimeout(() => setText(button, 'Copy'), COPIED_MS)
  } catch {
    getSelection().selectAllChildren(button.previousElementSibling)
  }
}
