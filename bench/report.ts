/**
 * Reports the figures of interleaved rounds: the median, the spread, and the ratio of each round to the
 * baseline of the same round.
 */

export interface Figure {
  /** Records per CPU-second of the process under test. */
  readonly perCpuSecond: number
  /** Records per second of wall time. */
  readonly perSecond: number
  /** The most resident memory of the process under test, MB. */
  readonly peakMb?: number
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

const round = (value: number): string => Math.round(value).toLocaleString('en')

export function throughputTable(title: string, rounds: readonly ReadonlyMap<string, Figure>[]): string {
  const names = [...rounds[0].keys()]
  const rows = names.map((name) => {
    const cpu = rounds.map((figures) => figures.get(name)!.perCpuSecond)
    const wall = rounds.map((figures) => figures.get(name)!.perSecond)
    const ratios = rounds.map(
      (figures) => figures.get(names[0])!.perCpuSecond / figures.get(name)!.perCpuSecond,
    )
    const peaks = rounds.flatMap((figures) => figures.get(name)!.peakMb ?? [])
    const spread = `${round(Math.min(...cpu))}–${round(Math.max(...cpu))}`
    const cells = [name, round(median(cpu)), spread, round(median(wall)), median(ratios).toFixed(2)]
    return rowOf(peaks.length > 0 ? [...cells, round(median(peaks))] : cells)
  })
  const hasPeaks = [...rounds[0].values()].some(({ peakMb }) => peakMb !== undefined)
  const heads = [
    'contender',
    'records per CPU-second, median',
    `spread of ${rounds.length} rounds`,
    'records per second',
    `${names[0]} : this`,
    ...(hasPeaks ? ['peak memory, MB'] : []),
  ]
  return [`## ${title}`, '', rowOf(heads), `|${'---|'.repeat(heads.length)}`, ...rows, ''].join('\n')
}

export interface Latency {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
  readonly records: number
}

export function latencyTable(title: string, rounds: readonly ReadonlyMap<string, Latency>[]): string {
  const names = [...rounds[0].keys()]
  const rows = names.map((name) => {
    const of = (pick: (latency: Latency) => number) => rounds.map((figures) => pick(figures.get(name)!))
    const p99 = of((latency) => latency.p99)
    return `| ${name} | ${median(of((l) => l.p50)).toFixed(1)} | ${median(of((l) => l.p90)).toFixed(1)} | ${median(p99).toFixed(1)} | ${Math.min(...p99).toFixed(1)}–${Math.max(...p99).toFixed(1)} | ${median(of((l) => l.max)).toFixed(1)} |`
  })
  return [
    `## ${title}`,
    '',
    `| contender | p50 ms | p90 ms | p99 ms | p99 over ${rounds.length} rounds | max ms |`,
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

const rowOf = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
