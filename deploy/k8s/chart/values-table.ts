/**
 * Generates the table of values in the chart's README from values.yaml: the comment before a value gives its
 * meaning.
 */

export interface Value {
  /** services.ingest-hub.replicas */
  readonly path: string
  readonly fallback: string
  readonly doc: string
}

const KEY = /^( *)(?:"([^"]+)"|([A-Za-z][\w.-]*)):(?: (.*))?$/

/**
 * Returns leaves in order, and maps that have their own comment. A value without a comment takes that of its
 * parent, or of a similar value before it.
 */
export function valuesOf(yaml: string): Value[] {
  const values: Value[] = []
  const parents: string[] = []
  let comments: string[] = []
  const lines = yaml.split('\n')
  for (const [at, line] of lines.entries()) {
    const comment = /^ *# ?(.*)$/.exec(line)
    if (comment) {
      comments.push(comment[1])
      continue
    }
    const key = KEY.exec(line)
    if (key === null) {
      if (line.trim() === '') comments = []
      continue
    }
    const depth = key[1].length / 2
    parents.length = depth
    parents.push(key[2] ?? key[3])
    const value = key[4] ?? ''
    const hasChildren =
      value === '' &&
      (KEY.exec(lines.slice(at + 1).find((next) => next.trim() !== '' && !/^ *#/.test(next)) ?? '')?.[1]
        .length ?? 0) > key[1].length
    if (!hasChildren || comments.length > 0)
      values.push({ path: parents.join('.'), fallback: hasChildren ? '' : value, doc: comments.join(' ') })
    comments = []
  }
  const within = values.map((value) =>
    value.doc === '' ? { ...value, doc: ofParent(value.path, values) } : value,
  )
  return within.map((value) => (value.doc === '' ? { ...value, doc: ofItsLike(value.path, within) } : value))
}

function ofParent(path: string, values: readonly Value[]): string {
  return (
    values.find((value) => path.startsWith(`${value.path}.`) && path.lastIndexOf('.') === value.path.length)
      ?.doc ?? ''
  )
}

/** Returns the comment of the first value whose path differs in only one place: services.*.port, *.image. */
function ofItsLike(path: string, values: readonly Value[]): string {
  const parts = path.split('.')
  return (
    values.find(({ path: other, doc }) => {
      const others = other.split('.')
      return (
        doc !== '' &&
        others.length === parts.length &&
        others.at(-1) === parts.at(-1) &&
        others.filter((part, at) => part !== parts[at]).length === 1
      )
    })?.doc ?? ''
  )
}

export function tableOf(values: readonly Value[]): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|')
  return [
    '| value | default | meaning |',
    '|---|---|---|',
    ...values.map(
      ({ path, fallback, doc }) =>
        `| \`${path}\` | ${fallback === '' ? '' : `\`${cell(fallback)}\``} | ${cell(doc)} |`,
    ),
  ].join('\n')
}

const BEGIN = '<!-- values: made of values.yaml by `npm run generate` -->'
const END = '<!-- end of values -->'

/** Returns the README with its table regenerated. Throws if the marks are missing. */
export function withTable(readme: string, yaml: string): string {
  const from = readme.indexOf(BEGIN)
  const to = readme.indexOf(END)
  if (from < 0 || to < from)
    throw new Error(
      `The chart's README.md has lost its markers; put "${BEGIN}" and "${END}" where the table belongs.`,
    )
  return `${readme.slice(0, from)}${BEGIN}\n${tableOf(valuesOf(yaml))}\n${readme.slice(to)}`
}
