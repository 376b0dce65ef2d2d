/**
 * WeirTemplates, an attribute of topics: the texts of its incidents, one template for each medium. The language is
 * Liquid without its files, and with few of its tags and filters. What a template inserts is escaped for its
 * medium, so that alerts cannot add markup, headers or fields.
 */
import { Counter, metrics } from '@weir/service'
import { object, read, text } from '@weir/topics/shape.ts'
import { Liquid, type Template } from 'liquidjs'
import { DEFAULTS } from './default-templates.ts'

export const MEDIA = ['subject', 'text', 'html', 'sms', 'json'] as const
export type Medium = (typeof MEDIA)[number]
export type Texts = Readonly<Record<Medium, string>>

/** The values that templates can insert. They have no prototype, and only their own fields are found. */
export type View = Readonly<Record<string, unknown>>

const MAX_TEMPLATE_CHARACTERS = 16_384
/** The most time for one text of a topic's own template. */
const RENDER_MS = 100
/** Bounds of the ranges and filters of one text, in characters and items. */
const MAX_MADE = 1 << 18
/** A message has at most 256 KB, and has all texts but the subject. */
const MAX_TEXT_CHARACTERS = 32_768
/** SNS API reference, Publish. */
const MAX_SUBJECT_CHARACTERS = 100
/** SNS developer guide, "Publishing SMS messages". */
const MAX_SMS_CHARACTERS = 1600
const MAX_PARSED = 100

const TAGS = ['if', 'unless', 'case', 'for', 'break', 'continue', 'assign', 'comment']
const FILTERS = ['default', 'upcase', 'downcase', 'capitalize', 'truncate', 'first', 'last', 'size', 'join']

const failures = new Counter({
  name: 'weir_incident_templates_failed_total',
  help: "Texts of incidents that were made by the default template, because the topic's own failed.",
  labelNames: ['medium'],
  registers: [metrics],
})

const template = text({ min: 0, max: MAX_TEMPLATE_CHARACTERS })
const shape = object({}, { subject: template, text: template, html: template, sms: template, json: template })

const withoutControls = (value: unknown): string => plain(value).replaceAll(/[^\P{Cc}\n\t]/gu, '')
const inOneLine = (value: unknown): string => plain(value).replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
}
export const inHtml = (value: unknown): string =>
  withoutControls(value).replaceAll(/[&<>"'`]/g, (character) => ENTITIES[character])

/** A whole JSON value, with its quotes. */
const inJson = (value: unknown): string => JSON.stringify(value ?? null)

const ENGINES: Readonly<Record<Medium, Liquid>> = {
  subject: engine(inOneLine),
  text: engine(withoutControls),
  html: engine(inHtml),
  sms: engine(inOneLine),
  json: engine(inJson),
}

/** The least recently used come first. */
const parsed = new Map<string, Partial<Record<Medium, Template[]>>>()
const defaults = parse(DEFAULTS)

/** Returns a complaint in a sentence; the empty text takes the templates away. */
export function complaintAboutTemplates(source: string, sample: View): string | undefined {
  if (source === '') return undefined
  try {
    const templates = parse(read(shape, JSON.parse(source), 'refused'))
    for (const medium of MEDIA) {
      const own = templates[medium]
      if (own !== undefined) attempt(medium, () => render(medium, own, sample))
    }
    return undefined
  } catch (error) {
    return error instanceof SyntaxError ? 'failed to parse JSON.' : (error as Error).message
  }
}

/**
 * Returns the texts for all media. A text whose template fails is made by the default one: an alert is never lost
 * for its looks.
 * @param source the topic's own templates; undefined: it has none
 */
export function renderAll(source: string | undefined, view: View): Texts {
  const own = source ? ownTemplates(source) : {}
  return Object.fromEntries(MEDIA.map((medium) => [medium, textOf(medium, own[medium], view)])) as Texts
}

function textOf(medium: Medium, own: Template[] | undefined, view: View): string {
  if (own !== undefined) {
    try {
      return render(medium, own, view)
    } catch {
      failures.inc({ medium })
    }
  }
  return render(medium, defaults[medium]!, view, Infinity)
}

/** Templates were checked when they were set, so those that cannot be parsed were stored by another version. */
function ownTemplates(source: string): Partial<Record<Medium, Template[]>> {
  let found = parsed.get(source)
  if (found === undefined) {
    try {
      found = parse(read(shape, JSON.parse(source), 'ignored'))
    } catch {
      found = {}
    }
  }
  parsed.delete(source)
  parsed.set(source, found)
  if (parsed.size > MAX_PARSED) parsed.delete(parsed.keys().next().value!)
  return found
}

function parse(templates: Partial<Record<Medium, string>>): Partial<Record<Medium, Template[]>> {
  const given = MEDIA.filter((medium) => templates[medium])
  return Object.fromEntries(
    given.map((medium) => [medium, attempt(medium, () => ENGINES[medium].parse(templates[medium]!))]),
  )
}

/** Names the medium of the template that fails. */
function attempt<T>(medium: Medium, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const [sentence] = (error as Error).message.split('\n', 1)
    throw new Error(`${medium}: ${sentence.slice(0, 300)}`)
  }
}

function render(medium: Medium, templates: Template[], view: View, renderLimit = RENDER_MS): string {
  const made: string = ENGINES[medium].renderSync(templates, view, { renderLimit })
  if (made.length > MAX_TEXT_CHARACTERS)
    throw new Error(`the text has ${made.length} characters, and may have ${MAX_TEXT_CHARACTERS}.`)
  switch (medium) {
    case 'json':
      try {
        return JSON.stringify(JSON.parse(made))
      } catch {
        throw new Error('the text is not JSON. Inserted values have their quotes: {"title": {{ title }}}.')
      }
    case 'subject':
      return cut(inOneLine(made).trim(), MAX_SUBJECT_CHARACTERS)
    case 'sms':
      return cut(inOneLine(made).trim(), MAX_SMS_CHARACTERS)
    default:
      return made
  }
}

function cut(line: string, max: number): string {
  return line.length <= max ? line : `${line.slice(0, max - 1).toWellFormed()}…`
}

function plain(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function engine(outputEscape: (value: unknown) => string): Liquid {
  const liquid = new Liquid({
    outputEscape,
    ownPropertyOnly: true,
    strictFilters: true,
    templates: {},
    parseLimit: MAX_TEMPLATE_CHARACTERS,
    memoryLimit: MAX_MADE,
  })
  for (const name of Object.keys(liquid.tags)) if (!TAGS.includes(name)) delete liquid.tags[name]
  // Without the filter `raw`, nothing is inserted unescaped.
  for (const name of Object.keys(liquid.filters)) if (!FILTERS.includes(name)) delete liquid.filters[name]
  return liquid
}
