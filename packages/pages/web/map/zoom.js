/** The buttons of a map that zoom it and fit its view. */

const STEP = 1.6

/** @param map with zoom(factor) and fit() */
export function openZoom(document, map) {
  document.getElementById('zoom-in').addEventListener('click', () => map.zoom(STEP))
  document.getElementById('zoom-out').addEventListener('click', () => map.zoom(1 / STEP))
  document.getElementById('zoom-fit').addEventListener('click', () => map.fit())
}
