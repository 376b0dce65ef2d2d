// Runs before the first paint, so that the page does not flash in the other theme's colours.
function chosenTheme() {
  try {
    return localStorage.getItem('weir-theme')
  } catch {
    return null // A browser without storage follows the system.
  }
}
document.documentElement.dataset.theme =
  chosenTheme() ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')
