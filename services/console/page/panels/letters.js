/** The dead letters by cause; those of one cause can be opened and sent back. */
import { element, setText } from '../kit/dom.js'
import { ago, count } from '../kit/numbers.js'
import { showNote } from './note.js'
import { openOpened } from './opened.js'
import { openRedrives, sendBack } from './redrives.js'

export function openLetters(document) {
  const [panel, note, list, empty] = ['letters', 'letters-note', 'causes', 'letters-empty'].map((id) =>
    document.getElementById(id),
  )
  const confirm = openConfirm(document)
  const redrives = openRedrives(document)
  const opened = openOpened(document, (cause, at) => send({ topic: cause.topic, at: [at] }, 1))
  const rows = new Map()

  const send = async (selection, letters) => {
    const many = letters === 1 ? 'this letter' : `${count(letters)} letters`
    const text =
      'They go back to the topic that they came from, byte for byte, after what was sent since then. Fix the cause first: a record that fails again becomes a new dead letter.'
    if (await confirm(`Send ${many} back?`, text)) redrives.say(await sendBack(selection))
  }

  const newRow = (cause) => {
    const left = element('strong')
    const text = element('span', 'cause-text')
    const look = button('Look', 'plain', () => opened.open(row.cause))
    const back = button('Send back', 'plain', () => {
      const { topic, flow, step, code, letters, redriven } = row.cause
      void send({ topic, flow, step, code }, letters - redriven)
    })
    const where = element(
      'p',
      'cause-where',
      '',
      element('b', '', cause.code),
      ` in ${cause.flow}, step ${cause.step}`,
    )
    const about = element('p', 'cause-about', '', left, text)
    const item = element('li', 'cause', '', element('div', 'cause-words', '', where, about), look, back)
    look.setAttribute('aria-label', `Look at letters: ${cause.code} in ${cause.flow}, step ${cause.step}`)
    back.setAttribute('aria-label', `Send letters back: ${cause.code} in ${cause.flow}, step ${cause.step}`)
    const row = { item, left, text, back, cause }
    return row
  }

  const showCauses = (counts, time) => {
    const seen = new Set()
    counts.forEach((cause, i) => {
      const key = JSON.stringify([cause.topic, cause.flow, cause.step, cause.code])
      seen.add(key)
      if (!rows.has(key)) rows.set(key, newRow(cause))
      const row = rows.get(key)
      row.cause = cause
      const left = cause.letters - cause.redriven
      setText(row.left, left === 1 ? '1 letter' : `${count(left)} letters`)
      const before = cause.redriven > 0 ? `, ${count(cause.redriven)} sent back before` : ''
      setText(row.text, `${before} · newest ${ago(Math.max(0, time - cause.newest))} · ${cause.topic}`)
      row.back.disabled = left === 0
      row.item.classList.toggle('done', left === 0)
      if (list.children[i] !== row.item) list.insertBefore(row.item, list.children[i] ?? null)
    })
    for (const [key, { item }] of rows) {
      if (seen.has(key)) continue
      item.remove()
      rows.delete(key)
    }
  }

  return {
    show: ({ letters, redrives: all }, _stages, time) => {
      const { counts, more } = letters.value ?? { counts: [], more: false }
      showNote(panel, note, letters, {
        more: more ? 'Only the newest are counted here; npx weir dlq counts all.' : '',
      })
      empty.hidden = letters.value === null || counts.length > 0
      showCauses(counts, time)
      redrives.show(all)
    },
  }
}

function button(text, className, act) {
  const made = element('button', className, text)
  made.type = 'button'
  made.addEventListener('click', act)
  return made
}

/** Asks before letters are sent. @returns (title, text) → a promise of whether the viewer wants it */
function openConfirm(document) {
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
