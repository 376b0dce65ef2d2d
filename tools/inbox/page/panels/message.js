/** The message that the address names after #, as plain text. */
import { element, setText } from '../kit/dom.js'

const clock = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium', hour12: false })
const WAYS = { 'e-mail': 'by e-mail', HTTP: 'over HTTP' }
const ID = /^[\da-f-]{36}$/
const LINK = /https?:\/\/[^\s<>"]+/g
/** Punctuation that ends a sentence rather than a link. */
const TAIL = /[.,;:!?')\]]+$/

/** @param chosen is told the id of the message that is shown; '' if there is none */
export function openMessage(document, chosen) {
  const [none, article, subject, from, to, received, text, panel] = [
    'message-none',
    'message-open',
    'message-subject',
    'message-from',
    'message-to',
    'message-received',
    'message-text',
    'message',
  ].map((id) => document.getElementById(id))
  let asked = 0

  const show = (message, trouble) => {
    article.hidden = message === undefined
    none.hidden = message !== undefined
    setText(none, trouble ?? 'Choose a message to read it.')
    if (message === undefined) return
    setText(subject, message.subject || 'No subject')
    setText(from, message.from)
    setText(to, message.to.join(', '))
    setText(received, `${clock.format(message.receivedAt)}, ${WAYS[message.how]}`)
    text.replaceChildren(...withLinks(message.text))
    panel.focus({ preventScroll: true })
  }

  const read = async () => {
    const turn = ++asked
    const id = location.hash.slice(1)
    const isMessage = ID.test(id)
    document.body.classList.toggle('reading', isMessage)
    chosen(isMessage ? id : '')
    if (!isMessage) return show(undefined)
    const { message, trouble } = await fetched(id)
    if (turn === asked) show(message, trouble)
  }
  addEventListener('hashchange', read)
  void read()
}

async function fetched(id) {
  try {
    const response = await fetch(`messages/${id}`)
    const answer = await response.json()
    return response.ok ? { message: answer } : { trouble: answer.error.message }
  } catch {
    return { trouble: 'The inbox does not answer; choose the message again.' }
  }
}

/** Texts and links of a text. Only links to web pages can be followed. */
function withLinks(text) {
  const parts = []
  let end = 0
  for (const { 0: found, index } of text.matchAll(LINK)) {
    const link = found.replace(TAIL, '')
    if (!URL.canParse(link)) continue
    const anchor = element('a', '', link)
    anchor.href = link
    anchor.target = '_blank'
    anchor.rel = 'noopener noreferrer'
    parts.push(text.slice(end, index), anchor)
    end = index + link.length
  }
  return [...parts, text.slice(end)]
}
