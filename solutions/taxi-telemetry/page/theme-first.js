// Runs before the first paint, so that no theme flashes in the other one's colours.
function chosenTheme() {
  try {
    return localStorage.getItem('weir-theme')
  } catch {
    return null // A browser that keeps nothing follows the system.
  }
}
document.documentElement.dataset.theme =
  chosenTheme() ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')
