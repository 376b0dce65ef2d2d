/** Light or dark: the system's choice until the viewer makes one, on this page or another of its origin. */

const root = document.documentElement
const system = matchMedia('(prefers-color-scheme: dark)')

/** Follows the system while the viewer has made no choice. Calls back whenever the colours change. */
export function followTheme(changed = () => {}) {
  system.addEventListener('change', ({ matches }) => {
    if (kept() !== null) return
    root.dataset.theme = matches ? 'dark' : 'light'
    changed()
  })
}

/** Lets the viewer choose. Calls back at once, and whenever the colours change. */
export function openThemeButton(button, changed) {
  const show = () => {
    button.setAttribute('aria-label', `Switch to the ${other()} theme`)
    changed()
  }
  button.addEventListener('click', () => {
    root.dataset.theme = other()
    keep(root.dataset.theme)
    show()
  })
  followTheme(show)
  show()
}

const other = () => (root.dataset.theme === 'dark' ? 'light' : 'dark')

/** The colours that charts and maps of the kit draw with. */
const COLOURS = ['panel', 'raised', 'line', 'line-strong', 'ink', 'ink-2', 'ink-3', 'accent', 'land', 'sans']

/**
 * The colours of the style sheet, for drawing on canvases: those of the kit, and the page's own. The name
 * `line-strong` becomes the key `lineStrong`.
 */
export function colours(...own) {
  const style = getComputedStyle(root)
  const keyOf = (name) => name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase())
  const entries = [...COLOURS, ...own].map((name) => [
    keyOf(name),
    style.getPropertyValue(`--${name}`).trim(),
  ])
  return Object.fromEntries(entries)
}

export const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)')

function kept() {
  try {
    return localStorage.getItem('weir-theme')
  } catch {
    return null
  }
}

function keep(theme) {
  try {
    localStorage.setItem('weir-theme', theme)
  } catch {
    // The choice holds for this visit only.
  }
}
