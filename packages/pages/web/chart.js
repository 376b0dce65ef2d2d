/**
 * The common part of all charts: one ECharts instance per element, its colours, and updates that move instead
 * of flicker.
 */
import { reducedMotion } from './theme.js'

/**
 * @param build (data, colours) → an ECharts option; it is merged into the previous one
 * @returns {{ show(data): void, setColours(colours): void }}
 */
export function openChart(element, build) {
  const chart = globalThis.echarts.init(element, null, { renderer: 'canvas' })
  let shown
  let colours
  const draw = () => {
    if (shown !== undefined && colours)
      chart.setOption({ ...common(colours), ...build(shown, colours) }, { lazyUpdate: true })
  }
  new ResizeObserver(() => chart.resize()).observe(element)
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

function common(colours) {
  return {
    animation: !reducedMotion.matches,
    animationDuration: 300,
    animationDurationUpdate: 500,
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
