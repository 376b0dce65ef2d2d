/** The message of a page, or of its map, that has nothing to show: how to change this. */
import { setText } from './dom.js'

const COPIED_MS = 1600

export function openEmpty(document) {
  const section = document.getElementById('empty')
  const text = document.getElementById('empty-text')
  const beneath = document.querySelectorAll('.map, .map-layers, .map-zoom')
  for (const button of section.querySelectorAll('.copy')) button.addEventListener('click', () => copy(button))
  return {
    show: (empty, sentence) => {
      section.hidden = !empty
      for (const part of beneath) part.inert = empty
      if (empty) setText(text, sentence)
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
