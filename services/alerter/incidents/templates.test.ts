import { expect, test } from 'vitest'
import { complaintAboutTemplates, MEDIA, renderAll } from './templates.ts'
import { SAMPLE_VIEW } from './texts.ts'

const HOSTILE = `<script>alert("1")</script>'\`&\r\nBcc: a@example.com\u0000{{ 7 | plus: 1 }}{% raw %}\\`
const view = { ...SAMPLE_VIEW, title: HOSTILE, message: HOSTILE, key: HOSTILE }
const withTemplates = (templates: object) => renderAll(JSON.stringify(templates), view)

test('what alerts contain is escaped for each medium, by the default templates and by those of a topic', () => {
  const own = Object.fromEntries(
    MEDIA.map((medium) => [medium, medium === 'json' ? '{"a":{{ title }}}' : 'a{{ title }}']),
  )
  for (const { subject, text, html, sms, json } of [renderAll(undefined, view), withTemplates(own)]) {
    for (const line of [subject, sms]) expect(line).not.toMatch(/\p{Cc}/u)
    expect(text).not.toMatch(/[^\P{Cc}\n\t]/u)
    expect(html).not.toMatch(/<script|alert\("|Bcc: a@example.com\0/)
    expect(html).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&#96;&amp;')
    expect(Object.values(JSON.parse(json))).toContain(HOSTILE)
    // Liquid in an alert is text.
    expect(text).toContain('{{ 7 | plus: 1 }}{% raw %}')
  }
})

test('the JSON of the default template is the incident', () => {
  expect(JSON.parse(renderAll(undefined, SAMPLE_VIEW).json)).toEqual({
    incident: SAMPLE_VIEW.id,
    event: 'opened',
    key: 'disk/host-7',
    topic: 'operations',
    status: 'open',
    severity: 'critical',
    title: SAMPLE_VIEW.title,
    message: 'Two\nlines',
    openedAt: SAMPLE_VIEW.openedAt,
    alerts: 1,
    acknowledgedBy: null,
    resolvedBy: null,
    acknowledgeUrl: SAMPLE_VIEW.link,
  })
})

test.each([
  ['{{ title | raw }}', 'raw'],
  ["{% render 'package.json' %}", 'render'],
  ["{% include '/etc/passwd' %}", 'include'],
  ["{% layout 'x' %}", 'layout'],
  ['{% for i in (1..100000000) %}x{% endfor %}', 'memory'],
  [
    '{% for a in (1..999) %}{% for b in (1..999) %}{% for c in (1..999) %}{{ title }}{% endfor %}{% endfor %}{% endfor %}',
    /limit|characters/,
  ],
  [`{% for a in (1..9999) %}${'x'.repeat(16_000)}{% endfor %}`, /limit|characters/],
  ['x'.repeat(20_000), '16384'],
  ['{{ title', 'closed'],
  ['{% if %}', 'html: invalid value expression'],
])('a hostile or wrong template is refused: %#', (html, complaint) => {
  const begun = performance.now()
  expect(complaintAboutTemplates(JSON.stringify({ html }), SAMPLE_VIEW)).toMatch(complaint)
  expect(performance.now() - begun).toBeLessThan(500)
})

test.each([
  '{{ constructor }}',
  '{{ title.constructor }}',
  '{{ __proto__.x }}',
  '{{ toString }}',
  '{{ title.length.constructor.name }}',
])('a template finds nothing but its values: %s', (text) => expect(withTemplates({ text }).text).toBe(''))

test('a template that fails for one alert gives way to the default one', () => {
  const templates = {
    text: `{% if title != 'ok' %}{% for a in (1..9999) %}{{ title }}{% endfor %}{% endif %}`,
    json: '{{ title }}',
  }
  expect(complaintAboutTemplates(JSON.stringify({ json: '{"a":"{{ title }}"}' }), SAMPLE_VIEW)).toContain(
    'quotes',
  )
  expect(withTemplates(templates).text).toContain('Acknowledge it')
  expect(withTemplates(templates).json).toBe(JSON.stringify(HOSTILE))
})

test('templates are refused that are no object of texts', () => {
  expect(complaintAboutTemplates('{', SAMPLE_VIEW)).toBe('failed to parse JSON.')
  expect(complaintAboutTemplates('{"fax":"x"}', SAMPLE_VIEW)).toContain('fax is not known')
  expect(complaintAboutTemplates('', SAMPLE_VIEW)).toBeUndefined()
  expect(complaintAboutTemplates('{"text":"{{ title }}"}', SAMPLE_VIEW)).toBeUndefined()
})
