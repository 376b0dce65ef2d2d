/** How a replay reads the rows and times of a file. */
import { describe, expect, inject, test } from 'vitest'
import { explain } from './explain.ts'
import { csv, hub, run, sentTimes, timed, useHub } from './testing/hub.ts'

useHub()

describe('rows', () => {
  test('that are too long cost no other row', async () => {
    const rows = Array.from(
      { length: 200 },
      (_, i) => `v${i},1,2,3,${i},${i === 2 ? 'x'.repeat(1_300_000) : ''}`,
    )
    const { counts, refusals } = await run(['id,lat,lon,speed,time,note', ...rows].join('\n'))
    expect(counts).toMatchObject({ stored: 199, refused: 1 })
    expect(refusals).toMatchObject([{ line: 4, message: expect.stringContaining('is longer than') }])
  })

  test('have their ids from the line where they begin, whatever ends lines', async () => {
    const { plan } = await run(
      'lat,lon,speed,time,id\n1,2,3,0,a\r\n1,2,3,1,"b\r\nb"\r\n\r\n1,2,3,2,c\r1,2,3,3,d\n',
    )
    expect([...hub.stored].sort().map(([id, { value }]) => [id, value.deviceId])).toEqual([
      [`${plan.run}-2`, 'a'],
      [`${plan.run}-3`, 'b\r\nb'],
      [`${plan.run}-6`, 'c'],
      [`${plan.run}-7`, 'd'],
    ])
  })

  test('of NDJSON keep numeric ids apart beyond 2^53', async () => {
    const line = (id: string): string => `{"device":${id},"lat":1,"lon":2,"speed":3,"time":1}`
    await run([line('9007199254740993'), line('9007199254740992'), line('7')].join('\n'))
    expect([...hub.stored.values()].map(({ value }) => value.deviceId)).toEqual([
      '9007199254740993',
      '9007199254740992',
      '7',
    ])
  })

  test.each([
    [
      'a comma at the end of every row',
      'id,lat,lon,speed,time\na,1,2,3,4,\nb,1,2,3,4,\n',
      'does not have a readable row: line 2 has 6 columns, the header has 5; line 3 has 6 columns',
    ],
    ['no row', 'id,lat,lon,speed,time\n', 'has a header but no rows'],
    [
      'times of another kind',
      'id,lat,lon,speed,time\na,1,2,3,\nb,1,2,3,noon\n',
      'No row has a time in column time: line 2 has nothing; name its column',
    ],
    [
      'a quote in the header',
      'id,lat,"lon"x,speed,time\na,1,2,3,4\n',
      'does not have a readable header: line 1 has a quote within a cell',
    ],
    ['lines that are no JSON', '{"a":\n{"b":\n', 'does not have a readable row: line 1 is not JSON'],
  ])('%s: the file says why', async (_, data, sentence) => {
    await expect(run(data)).rejects.toMatchObject({
      name: 'UsageError',
      message: expect.stringContaining(sentence),
    })
  })

  test.each([
    [';', undefined],
    ['\t', undefined],
    ['^', '^'],
  ])('with cells separated by %j', async (delimiter, said) => {
    const { counts, plan } = await run(
      csv(10).replaceAll(',', delimiter),
      said === undefined ? {} : { delimiter: said },
    )
    expect(counts).toMatchObject({ stored: 10, refused: 0 })
    expect(explain(plan)).toContain(
      `cells separated by ${{ ';': 'semicolons', '\t': 'tabs', '^': '"^"' }[delimiter]} (--delimiter)`,
    )
  })
})

describe('times', () => {
  const NOW = 1_795_843_663

  test.each([
    ['seconds', ''],
    ['milliseconds', '000'],
    ['microseconds', '000000'],
    ['nanoseconds', '000000000'],
  ])('in %s are a second apart', async (unit, zeros) => {
    const { plan } = await run(timed(...[0, 1, 2, 3, 4].map((second) => `${NOW + second}${zeros}`)), {
      keepTimes: true,
    })
    expect(sentTimes()).toEqual([0, 1, 2, 3, 4].map((second) => (NOW + second) * 1000))
    expect(explain(plan)).toContain(
      `times in ${unit} (--time), from 2026-11-28T05:27:43Z on line 2 to 2026-11-28T05:27:47Z on line 6\n`,
    )
  })

  test.each([
    ['the year 9999 in seconds', [NOW, 253402300799, NOW + 1, NOW + 2]],
    ['0', [NOW, 0, NOW + 1, NOW + 2]],
    ['the year 9999', ['2026-11-28', '9999-12-31', '2026-11-29', '2026-11-30']],
    ['a clock that was reset', [NOW, 315964800, NOW + 1, NOW + 2]],
    ['0 where most are 0', [0, 0, NOW, 0, NOW + 1]],
    ['the year 1', ['2026-11-28', '0001-01-01', '2026-11-29']],
    ['0 beside one other', [0, NOW]],
    ['0 beside milliseconds', [0, 0, 0, NOW * 1000]],
    ['-1 where most are -1', [-1, -1, NOW * 1000, -1, NOW * 1000 + 1]],
    ['9999 where most are', [9999, 9999, 9999, NOW * 1000]],
    ['the year 9999 in seconds where most are', [253402300799, NOW, 253402300799, 253402300799]],
    ['the year 9999 in milliseconds where most are', [253402300799000, NOW * 1000, 253402300799999]],
    ['the last second of 32 bits where most are', [2147483647, NOW * 1000, 2147483647]],
    ['the year 1900 where most are', ['2026-11-28', '1900-01-01', '1900-01-01', '1900-01-01']],
    ['the year 1 where most are', ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '2026-11-28']],
  ])('far from the others are refused: %s', async (_, times) => {
    const bad = times.filter(
      (time) => time === 0 || ![String(NOW).slice(0, 4), '2026'].includes(String(time).slice(0, 4)),
    ).length
    const { counts, refusals, plan } = await run(timed(...times))
    expect(counts).toMatchObject({ stored: times.length - bad, refused: bad })
    for (const { field, message } of refusals)
      expect([field, message]).toEqual([
        'eventTime',
        expect.stringMatching(
          / is (0001|1900|1969|1970|1980|9999)-\S+, far from the other times; --all-times sends it$/,
        ),
      ])
    expect(Math.max(...sentTimes())).toBeGreaterThan(Date.now() - 60_000)
    expect(explain(plan)).toMatch(
      new RegExp(`^${bad} times? (is|are) far from these and will be refused \\(--all-times\\)$`, 'm'),
    )
    expect((await run(timed(...times), { allTimes: true })).counts).toMatchObject({
      stored: times.length,
      refused: 0,
    })
  })

  test('without a meaning do not decide the format, wherever in the file they are', async () => {
    const many = inject('thorough') ? 10_000 : 1_000
    for (const times of [
      ['9999-12-31', '9999-12-31', NOW * 1000],
      [...Array(7 * many).fill('253402300799'), NOW * 1000],
      [NOW * 1000, ...Array(3 * many).fill('-1'), NOW * 1000],
    ]) {
      const { counts, plan } = await run(timed(...times), { keepTimes: true })
      expect(plan.survey!.reading.format).toBe('milliseconds')
      expect(new Set(sentTimes())).toEqual(new Set([NOW * 1000]))
      expect(counts.refused).toBe(times.filter((time) => time !== NOW * 1000).length)
      hub.stored.clear()
    }
  })

  test('half in one format, half in another, are not guessed at', async () => {
    for (const [times, sentence] of [
      [
        [-1, NOW * 1000, NOW],
        'Column time has as many times in seconds (line 4) as in milliseconds (line 3); name the right format with --time.',
      ],
      [[NOW, '2026-11-28'], 'as many times in seconds (line 2) as in ISO 8601 (line 3); name'],
    ] as const) {
      await expect(run(timed(...times))).rejects.toThrow(sentence)
      expect(hub.requests).toBe(0)
    }
    const { counts } = await run(timed(NOW * 1000, NOW), { timeFormat: 'seconds', keepTimes: true })
    expect([counts, sentTimes()]).toMatchObject([{ stored: 1, refused: 1 }, [NOW * 1000]])
    expect((await run(timed(NOW, NOW * 1000, NOW + 1))).counts).toMatchObject({ stored: 2, refused: 1 })
  })

  test.each([
    ['old', ['1905-03-01', '1934-01-01', '1955-06-01', '1962-01-01']],
    ['old beside sentinels', ['1955-01-01', '9999-12-31', '1955-06-01', '9999-12-31', '9999-12-31']],
    ['since a start', [0, 0, 0, 200, 400, 787]],
    ['of an archive of a century', Array.from({ length: 100 }, (_, i) => `${1890 + i}-07-01`)],
    ['in the future', ['2150-01-01', '2150-01-02']],
    ['all the same sentinel', [-1, -1]],
  ])('that are %s in the whole file are sent', async (_, times) => {
    const { counts } = await run(timed(...times), { keepTimes: true })
    expect(counts.stored).toBe(times.filter((time) => time !== '9999-12-31').length)
  })

  test('far apart make no run of years', async () => {
    const file = timed(NOW, 0, NOW + 1)
    await expect(run(file, { speed: 10, allTimes: true })).rejects.toThrow(
      /At --speed 10x this would take 2078 d .*: the first time is 1970-01-01T00:00:00Z on line 3/,
    )
    expect((await run(file, { speed: 10 })).counts).toMatchObject({ stored: 2, refused: 1 })
  })

  test('of years are no outliers of each other', async () => {
    expect(
      (await run(timed('2019-01-01', '2021-06-01', '2023-01-01', '2026-11-01'), { keepTimes: true })).counts,
    ).toMatchObject({ stored: 4, refused: 0 })
    expect((await run(timed(0, 200, 400, 600, 787))).counts).toMatchObject({ stored: 5, refused: 0 })
  })

  test('without a zone are read in the one that is said', async () => {
    const { plan } = await run(timed('2026-11-28 06:00:00', '2026-11-28T05:00:01Z'), {
      keepTimes: true,
      zoneMs: 3_600_000,
    })
    expect(sentTimes()).toEqual([Date.UTC(2026, 10, 28, 5), Date.UTC(2026, 10, 28, 5, 0, 1)])
    expect(explain(plan)).toContain(
      'times in ISO 8601 (--time), from 2026-11-28T05:00:00Z on line 2 to 2026-11-28T05:00:01Z on line 3, in UTC+01:00 if they have no zone (--zone)\n',
    )
  })

  test('are read as is said', async () => {
    await run(timed(5000, 6000), { timeFormat: 'milliseconds', keepTimes: true })
    expect(sentTimes()).toEqual([5000, 6000])
    await expect(run(timed(5000), { timeFormat: 'iso' })).rejects.toThrow(
      'No row has a time in iso in column time: line 2 has "5000"',
    )
  })
})
