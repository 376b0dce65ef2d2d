/** Turns mouse, touch and keys on the map into pans and zooms. */

const KEY_PAN_PX = 80
const KEY_ZOOM = 1.5
const WHEEL_STEP = 0.0016
/**
 * The wheel scrolls the page as usual. It zooms with Ctrl or ⌘, by a pinch on a touchpad, or once the map has
 * the focus.
 */
const zooms = (event, root) => event.ctrlKey || event.metaKey || document.activeElement === root

/** @param {{ pan(dx, dy): void, zoom(factor, x, y): void, fit(): void }} on in pixels of the element */
export function listen(root, on) {
  const pointers = new Map()

  root.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return
    pointers.set(event.pointerId, place(event, root))
    root.setPointerCapture(event.pointerId)
  })
  root.addEventListener('pointermove', (event) => {
    const before = pointers.get(event.pointerId)
    if (!before) return
    const now = place(event, root)
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1]
    pointers.set(event.pointerId, now)
    if (!other) {
      on.pan(now.x - before.x, now.y - before.y)
      return
    }
    on.pan((now.x - before.x) / 2, (now.y - before.y) / 2)
    on.zoom(
      distance(now, other) / Math.max(1, distance(before, other)),
      (now.x + other.x) / 2,
      (now.y + other.y) / 2,
    )
  })
  for (const type of ['pointerup', 'pointercancel'])
    root.addEventListener(type, ({ pointerId }) => pointers.delete(pointerId))

  root.addEventListener(
    'wheel',
    (event) => {
      if (!zooms(event, root)) return
      event.preventDefault()
      const { x, y } = place(event, root)
      on.zoom(Math.exp(-event.deltaY * (event.deltaMode === 1 ? 24 : 1) * WHEEL_STEP), x, y)
    },
    { passive: false },
  )
  root.addEventListener('dblclick', (event) => {
    const { x, y } = place(event, root)
    on.zoom(2, x, y)
  })

  const keys = {
    ArrowLeft: () => on.pan(KEY_PAN_PX, 0),
    ArrowRight: () => on.pan(-KEY_PAN_PX, 0),
    ArrowUp: () => on.pan(0, KEY_PAN_PX),
    ArrowDown: () => on.pan(0, -KEY_PAN_PX),
    '+': () => on.zoom(KEY_ZOOM, root.clientWidth / 2, root.clientHeight / 2),
    '=': () => on.zoom(KEY_ZOOM, root.clientWidth / 2, root.clientHeight / 2),
    '-': () => on.zoom(1 / KEY_ZOOM, root.clientWidth / 2, root.clientHeight / 2),
    0: () => on.fit(),
  }
  root.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return
    event.preventDefault()
    keys[event.key]()
  })
}

function place({ clientX, clientY }, root) {
  const { left, top } = root.getBoundingClientRect()
  return { x: clientX - left, y: clientY - top }
}

const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y)
