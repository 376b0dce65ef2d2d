/** Asks before something is done. */
import { setText } from '../kit/dom.js'

/** @returns (title, text) → a promise of whether the viewer wants it */
export function openConfirm(document) {
  const [dialog, title, text, no] = ['confirm', 'confirm-title', 'confirm-text', 'confirm-no'].map((id) =>
    document.getElementById(id),
  )
  return (question, explanation) =>
    new Promise((resolve) => {
      setText(title, question)
      setText(text, explanation)
      dialog.returnValue = 'no'
      dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true })
      dialog.showModal()
      no.focus()
    })
}
