/** Light or dark: the system's choice until the viewer presses the button. */

/** Calls back whenever the colours change. */
export function openTheme(button, changed) {
  const root = document.documentElement
  const apply = (theme) => {
    root.dataset.theme = theme
    button.setAttribute('aria-label', `Switch to the ${theme === 'dark' ? 'light' : 'dark'} theme`)
    changed()
  }
  button.addEventListener('click', () => {
    const theme = root.dataset.theme === 'dark' ? 'light' : 'dark'
    keep(theme)
    apply(theme)
  })
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', ({ matches }) => {
    if (kept() === null) apply(matches ? 'dark' : 'light')
  })
  apply(root.dataset.theme)
}

/** The colours of the style sheet, for drawing on canvases. */
export function colours() {
  const style = getComputedStyle(document.documentElement)
  const colour = (name) => style.getPropertyValue(`--${name}`).trim()
  return {
    panel: colour('panel'),
    raised: colour('raised'),
    line: colour('line'),
    lineStrong: colour('line-strong'),
    ink: colour('ink'),
    ink2: colour('ink-2'),
    ink3: colour('ink-3'),
    accent: colour('accent'),
    occupied: colour('occupied'),
    moving: colour('moving'),
    idle: colour('idle'),
    unknown: colour('unknown'),
    demand: colour('demand'),
    demandStrong: colour('demand-strong'),
    land: colour('land'),
    water: colour('water'),
    sans: colour('sans'),
  }
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
