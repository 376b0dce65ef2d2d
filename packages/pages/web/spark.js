/** A sparkline: sixty values a minute as an SVG path, with gaps for unknown values. */

const WIDTH = 120
const HEIGHT = 34
const SVG = 'http://www.w3.org/2000/svg'

export function newSpark(kind) {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`)
  svg.setAttribute('preserveAspectRatio', 'none')
  svg.setAttribute('class', `spark ${kind}`)
  svg.setAttribute('aria-hidden', 'true')
  const [fill, line] = ['fill', 'line'].map((part) => {
    const path = document.createElementNS(SVG, 'path')
    path.setAttribute('class', part)
    svg.append(path)
    return path
  })
  return {
    svg,
    show: (values) => {
      const runs = runsOf(values)
      line.setAttribute('d', runs.map((run) => `M${run.map(([x, y]) => `${x} ${y}`).join('L')}`).join(''))
      fill.setAttribute(
        'd',
        runs
          .map(
            (run) =>
              `M${run[0][0]} ${HEIGHT}L${run.map(([x, y]) => `${x} ${y}`).join('L')}L${run.at(-1)[0]} ${HEIGHT}Z`,
          )
          .join(''),
      )
    },
  }
}

/** Unbroken runs of points, scaled to the box from zero to the greatest value. */
function runsOf(values) {
  const most = Math.max(1, ...values.filter((value) => value !== null))
  const runs = []
  values.forEach((value, i) => {
    if (value === null) return
    if (i === 0 || values[i - 1] === null) runs.push([])
    runs
      .at(-1)
      .push([round((i / (values.length - 1)) * WIDTH), round(HEIGHT - 1 - (value / most) * (HEIGHT - 4))])
  })
  return runs
}

const round = (value) => Math.round(value * 10) / 10
