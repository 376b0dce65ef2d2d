/**
 * The state of the stream: a sign in the bar at all times, and a sentence over the page if something is
 * wrong.
 */
import { setText } from './dom.js'

const NAMES = {
  connecting: 'Connecting',
  live: 'Live',
  late: 'Delayed',
  broken: 'Reconnecting',
  'signed-out': 'Signed out',
}
const clock = new Intl.DateTimeFormat('en', { timeStyle: 'medium', hour12: false })

export function openStatus(document) {
  const sign = document.getElementById('status')
  const text = document.getElementById('status-text')
  const banner = document.getElementById('banner')
  let connection = 'connecting'
  let trouble = null
  let newest = null

  const draw = () => {
    sign.dataset.state = connection === 'live' && trouble ? 'late' : connection
    setText(text, connection === 'live' && trouble ? 'No data' : NAMES[connection])
    if (connection === 'signed-out') signOut(document)
    const sentence = connection === 'late' || connection === 'broken' ? lost(connection, newest) : trouble
    banner.hidden = !sentence
    banner.dataset.kind = connection === 'broken' ? 'broken' : 'late'
    setText(banner, sentence ?? '')
    document.documentElement.classList.toggle('stale', Boolean(sentence))
  }

  // The 401 of the page itself makes the browser ask for a password. Pages for everybody have no such button.
  document.getElementById('sign-in')?.addEventListener('click', () => location.reload())
  return {
    connection: (next) => {
      connection = next
      draw()
    },
    trouble: (sentence, time) => {
      trouble = sentence
      if (!sentence) newest = time
      draw()
    },
  }
}

/** Removes the page's content: the right to see it has ended. */
function signOut(document) {
  for (const part of document.querySelectorAll('.skip, main:not(.signed-out), .foot')) part.remove()
  document.querySelector('.signed-out').hidden = false
  document.getElementById('sign-in').focus()
}

function lost(connection, newest) {
  const since = newest === null ? '' : ` What you see is from ${clock.format(newest)}.`
  if (connection === 'late') return `The page server has not sent anything for a few seconds.${since}`
  return `The connection to the page server is broken; trying again.${since}`
}
