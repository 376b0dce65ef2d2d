/** The buttons that switch faults of a simulated truck on and off. */
import { setText } from '../kit/dom.js'
import { refusalOf } from '../kit/refusal.js'
import { button, showSentence } from '../kit/rows.js'

/** Until a snapshot has the fault that was asked for. */
const PATIENCE_MS = 5000
const DETECTED =
  'after ten seconds outside the normal band there is a finding, an incident opens, and the driver and the fleet team get a message.'
const FAULTS = {
  fire: `It burns: within seconds the temperature rises; ${DETECTED} Switch the fault off, and all of it resolves itself.`,
  cooling: `The cooling has failed: the temperatures rise; ${DETECTED}`,
  drift: `The sensor of the container shows more and more; ${DETECTED}`,
  stuck:
    'The sensors repeat their values. After 30 seconds there is a finding, which resolves when they change.',
  silence:
    'The truck sends nothing. After 30 seconds there is a finding, which resolves with the next reading.',
}
const OTHERS = {
  cooling: 'Cooling fails',
  drift: 'Sensor drifts',
  stuck: 'Sensor is stuck',
  silence: 'Falls silent',
}

export function openFaults(document) {
  const [main, others, what, refusal] = ['fault-main', 'fault-others', 'fault-what', 'fault-refusal'].map(
    (id) => document.getElementById(id),
  )
  let truck
  let asked

  /** The fault that was asked for, until snapshots have it, else that of the snapshot. */
  const fault = () =>
    asked?.id === truck.id && performance.now() - asked.at < PATIENCE_MS ? asked.fault : truck.fault
  const ask = async (wanted) => {
    const { id } = truck
    asked = { id, fault: wanted, at: performance.now() }
    draw()
    const sentence = await refusalOf(
      request(id, wanted),
      'The server does not answer, so it is unknown whether the fault has changed; try again.',
    )
    if (sentence !== null) asked = undefined
    showSentence(refusal, sentence ?? '')
    draw()
  }
  const buttons = Object.entries(OTHERS).map(([id, name]) => [
    id,
    button(name, 'plain', () => ask(fault() === id ? null : id)),
  ])
  others.append(...buttons.map(([, made]) => made))
  main.addEventListener('click', () => ask(fault() === null ? 'fire' : null))

  const draw = () => {
    const now = fault()
    main.dataset.fault = now ?? 'none'
    setText(main, now === null ? 'Overheat' : 'Switch the fault off')
    for (const [id, made] of buttons) made.setAttribute('aria-pressed', String(now === id))
    setText(
      what,
      now === null
        ? `“Overheat” sets a fire: within seconds the temperature rises; ${DETECTED}`
        : (FAULTS[now] ?? ''),
    )
  }
  return {
    show: (next) => {
      if (next.id !== truck?.id) showSentence(refusal, '')
      truck = next
      if (truck.fault === asked?.fault) asked = undefined
      draw()
    },
  }
}

function request(id, fault) {
  const url = `../v1/reference/truck-faults/${encodeURIComponent(id)}`
  if (fault === null) return fetch(url, { method: 'DELETE' })
  return fetch(url, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ fault }),
  })
}
