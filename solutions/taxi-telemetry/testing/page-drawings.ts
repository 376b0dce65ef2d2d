/** What a page has drawn: its charts, its map, and when it shows a snapshot. */
import type { Browser, Page } from 'playwright-core'
import { openPage } from './browser.ts'

/** The data of a chart's first series, as ECharts holds it. */
export const seriesOf = (page: Page, id: string) =>
  page.evaluate(
    (id) =>
      (globalThis as any).echarts
        .getInstanceByDom((globalThis as any).document.getElementById(id))
        ?.getOption()?.series[0].data ?? [],
    id,
  ) as Promise<any[]>

/**
 * The number of pixels of the map's upper canvas that have this colour of the style sheet, within a small
 * tolerance.
 */
export const pixelsOf = (page: Page, colour: string) =>
  page.evaluate((colour) => {
    const { document, getComputedStyle } = globalThis as any
    const canvas = document.createElement('canvas')
    const shown = document.querySelector('.traffic')
    Object.assign(canvas, { width: shown.width, height: shown.height })
    const context = canvas.getContext('2d')
    context.drawImage(shown, 0, 0)
    const [red, green, blue] = getComputedStyle(document.documentElement)
      .getPropertyValue(`--${colour}`)
      .trim()
      .match(/[0-9a-f]{2}/gi)
      .map((pair: string) => parseInt(pair, 16))
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height)
    let found = 0
    for (let i = 0; i < data.length; i += 4)
      if (
        data[i + 3] > 200 &&
        Math.abs(data[i] - red) + Math.abs(data[i + 1] - green) + Math.abs(data[i + 2] - blue) < 12
      )
        found++
    return found
  }, colour)

/** The map's lower canvas, as the URL of its image. */
export const groundOf = (page: Page) =>
  page.evaluate(() => (globalThis as any).document.querySelector('.ground').toDataURL() as string)

/** The page when a snapshot arrives. */
interface Arrival {
  /** When the server made the snapshot, ms since the epoch. */
  readonly time: number
  /** The number of taxis that the page shows, before it has this snapshot. */
  readonly taxis: string
  /** Whether the page was painted since the snapshot before. */
  readonly painted: boolean
}

/** A page that writes down what it shows when snapshots arrive. */
export async function openRecorded(browser: Browser, url: string) {
  const opened = await openPage(browser, url, {}, () => {
    const { EventSource, document, requestAnimationFrame } = globalThis as any
    const arrivals: Arrival[] = ((globalThis as any).arrivals = [])
    let painted = true
    ;(globalThis as any).EventSource = class extends EventSource {
      constructor(url: string) {
        super(url)
        ;(this as any).addEventListener('snapshot', ({ data }: { data: string }) => {
          const taxis = document.getElementById('figure-taxis').textContent
          arrivals.push({ time: JSON.parse(data).time, taxis, painted })
          painted = false
          // A task of a frame runs after the frame is painted.
          requestAnimationFrame(() =>
            setTimeout(() => {
              painted = true
            }),
          )
        })
      }
    }
  })
  return { ...opened, arrivals: () => opened.page.evaluate(() => (globalThis as any).arrivals as Arrival[]) }
}
