/** The newest letters of one cause, each with its headers and its value. */
import { element, setText } from '../kit/dom.js'
import { count } from '../kit/numbers.js'

const clock = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium', hour12: false })

/** @param sendOne called with the cause and the place of a letter that is to be sent back */
export function openOpened(document, sendOne) {
  const [box, title, note, list, close] = ['', '-title', '-note', '-letters', '-close'].map((rest) =>
    document.getElementById(`opened${rest}`),
  )
  let asked = 0
  let opener

  close.addEventListener('click', () => {
    box.hidden = true
    opener?.focus()
  })

  const say = (text) => {
    note.hidden = text === ''
    setText(note, text)
  }

  return {
    open: async (cause) => {
      const turn = ++asked
      opener = document.activeElement
      box.hidden = false
      setText(title, `${cause.code} in ${cause.flow}, step ${cause.step}`)
      list.replaceChildren()
      say('Reading …')
      title.focus()
      box.scrollIntoView({ block: 'nearest' })
      const { letters, trouble } = await newest(cause)
      if (turn !== asked) return
      say(
        trouble ??
          (letters.length === 0 ? 'There are no such letters any more.' : `The newest ${letters.length}.`),
      )
      list.replaceChildren(
        ...letters.map((letter, i) => letterOf(letter, i === 0, () => sendOne(cause, letter.at))),
      )
    },
  }
}

async function newest({ topic, flow, step, code }) {
  try {
    const response = await fetch(`dead-letters?${new URLSearchParams({ topic, flow, step, code })}`)
    const answer = await response.json()
    return response.ok ? { letters: answer.letters } : { letters: [], trouble: answer.error.message }
  } catch {
    return { letters: [], trouble: 'The console does not answer; try again.' }
  }
}

function letterOf(letter, open, send) {
  const { at, redriven, message, origin, failedAt, arrivedAt, key, headers, value, bytes, problem } = letter
  const summary = element(
    'summary',
    '',
    '',
    element('span', 'letter-at', at),
    element('span', 'letter-message', message),
    element('time', '', clock.format(failedAt)),
  )
  const rows = [
    ['Origin', origin],
    ['Arrived', clock.format(arrivedAt)],
    ['Key', key ?? 'none'],
    ...headers.map(([name, text]) => [name, text ?? 'null']),
  ]
  const facts = element(
    'dl',
    'letter-facts',
    '',
    ...rows.flatMap(([name, text]) => [element('dt', '', name), element('dd', '', text)]),
  )
  const body = element('div', 'letter-body', '', facts)
  if (problem !== null) body.append(element('p', 'note-line', problem))
  const shown = element('pre', '', value)
  shown.tabIndex = 0
  shown.setAttribute('aria-label', 'Value')
  const size = element('span', 'letter-size', bytes === 1 ? '1 byte' : `${count(bytes)} bytes`)
  const back = element('button', 'plain', redriven ? 'Was sent back' : 'Send this letter back')
  back.type = 'button'
  back.disabled = redriven
  back.addEventListener('click', send)
  body.append(shown, element('p', 'letter-foot', '', size, back))
  const details = element('details', 'letter', '', summary, body)
  details.open = open
  return details
}
