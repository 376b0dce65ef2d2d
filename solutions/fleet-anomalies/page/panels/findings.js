/** The findings of the detectors, the newest first. */
import { element, setText } from '../kit/dom.js'
import { at, seconds } from '../kit/numbers.js'
import { button, openRows, showSentence } from '../kit/rows.js'
import { sentence } from '../texts.js'

/** @param choose called with the id of a truck */
export function openFindings(document, choose) {
  const [note, list] = ['findings-note', 'finding-list'].map((id) => document.getElementById(id))
  const fill = openRows(
    list,
    ({ id, device }) => `${device}/${id}`,
    (finding) => rowOf(finding, choose),
  )
  return {
    show: ({ findings }, time) => {
      showSentence(note, findings.length === 0 ? 'Every truck is as expected: there is no finding.' : '')
      fill(findings, time)
    },
  }
}

function rowOf({ device, sensor, detector, since }, choose) {
  const badge = element('span', 'badge')
  const name = button(device, 'link', () => choose(device))
  const about = element('span', 'about')
  const why = element('p')
  const item = element('li', 'found', '', element('p', 'marks', '', badge, name, about), why)
  return {
    item,
    show: ({ status, until, why: reason }, time) => {
      const isOpen = status === 'open'
      item.dataset.status = status
      badge.dataset.state = isOpen ? 'silent' : 'good'
      setText(badge, isOpen ? 'Open' : 'Resolved')
      setText(about, `${sensor} · ${detector} · ${at(since)}, for ${seconds((until ?? time) - since)}`)
      setText(why, sentence(reason))
    },
  }
}
