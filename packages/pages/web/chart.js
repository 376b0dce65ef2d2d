/**
 * The common part of all charts: one ECharts instance per element, its colours, and updates that move instead
 * of flicker.
 */
import { reducedMotion } from './theme.js'

/** Charts within this distance of the window are kept up to date. */
const NEAR = '300px'
/** A smaller change, as a share of the greatest number, is one or two pixels. */
const SMALL = 0.01

/**
 * Draws its first data wherever it is, and later ones, if they differ, while it is near the window or printed.
 *
 * @param build (data, colours) → an ECharts option; it is merged into the previous one
 * @returns {{ show(data): void, setColours(colours): void }}
 */
export function openChart(element, build) {
  const chart = globalThis.echarts.init(element, null, { renderer: 'canvas' })
  let shown
  let colours
  let near = false
  let drawn = ''
  let numbers = []
  const draw = (always = near) => {
    if ((!always && drawn) || shown === undefined || !colours) return
    const content = JSON.stringify([shown, colours])
    if (content === drawn) return
    drawn = content
    const option = build(shown, colours)
    const before = numbers
    numbers = option.series.flatMap(({ data }) => data.map(numberOf))
    chart.setOption({ ...common(colours, isLarge(before, numbers)), ...option }, { lazyUpdate: true })
  }
  new ResizeObserver(() => chart.resize()).observe(element)
  new IntersectionObserver(
    (entries) => {
      near = entries.at(-1).isIntersecting
      draw()
    },
    { rootMargin: NEAR },
  ).observe(element)
  addEventListener('beforeprint', () => draw(true))
  return {
    show: (data) => {
      shown = data
      draw()
    },
    setColours: (next) => {
      colours = next
      draw()
    },
  }
}

const numberOf = (item) => (Array.isArray(item) ? item[1] : (item.value ?? item))

/** Tells if a change between two lists of numbers is worth the thirty frames of its animation. */
function isLarge(before, after) {
  if (before.length !== after.length) return true
  const most = Math.max(...after)
  return after.some((value, i) => Math.abs(value - before[i]) > most * SMALL)
}

function common(colours, moves) {
  return {
    animation: !reducedMotion.matches,
    animationDuration: 300,
    animationDurationUpdate: moves ? 500 : 0,
    animationEasingUpdate: 'cubicOut',
    backgroundColor: 'transparent',
    textStyle: { fontFamily: colours.sans, color: colours.ink2, fontSize: 12 },
  }
}

/** Axes with hairlines only. */
export function quietAxes(colours) {
  return {
    line: {
      axisLine: { lineStyle: { color: colours.lineStrong } },
      axisTick: { show: false },
      axisLabel: { color: colours.ink3, fontSize: 12 },
    },
    grid: {
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { color: colours.ink3, fontSize: 12 },
      splitLine: { lineStyle: { color: colours.line } },
    },
  }
}

/** A tip drawn into the canvas: HTML tips carry inline styles, which the page's security policy refuses. */
export function chartTip(colours, more) {
  return {
    renderMode: 'richText',
    confine: true,
    transitionDuration: 0,
    backgroundColor: colours.raised,
    borderColor: colours.lineStrong,
    borderWidth: 1,
    padding: [8, 11],
    textStyle: { color: colours.ink, fontSize: 13, fontFamily: colours.sans },
    ...more,
  }
}
