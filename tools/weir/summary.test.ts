import { forServices } from '@weir/contracts/services.ts'
import { solutions } from '@weir/solutions'
import { furtherName, PARTS } from '@weir/stack/config.ts'
import { expect, test } from 'vitest'
import { summary } from './summary.ts'

const config = {
  parts: new Set(PARTS),
  ports: {
    ...forServices(() => 1),
    kafka: 2,
    registry: 3,
    redis: 4,
    search: 5,
    objects: 10,
    indexer: 6,
    console: 7,
    [furtherName('ingest-hub', 'mqtt')]: 8,
    inbox: 9,
  },
  tls: false,
  engine: 'opensearch',
} as const

test('the summary begins with the landing page, followed by the links of solutions and of the platform', () => {
  for (const { name, title = name, links = [] } of solutions) {
    const [landing, address, , first] = summary(config, [{ name, title, links }], 1)
      .trim()
      .split('\n')
      .slice(2)
    expect(landing).toBe('Everything at a glance')
    expect(address).toMatch(/^ {2}http:\/\/localhost:7 +the landing page/)
    expect(first).toBe(links.length > 0 ? title : 'Weir')
    for (const { at, path, doc } of links) {
      expect(path).toMatch(/^\//)
      expect(summary(config, solutions, 1)).toMatch(
        new RegExp(`^  http://localhost:${config.ports[at]}${path.replace(/[.*]/g, '\\$&')} +${doc}$`, 'm'),
      )
    }
  }
})

test('the summary lists further ports that are open', () => {
  const text = summary(config, [], 1)
  expect(text).toMatch(/^ {2}mqtt:\/\/localhost:8 +MQTT 3.1.1 and 5, for devices$/m)
  expect(text).not.toContain('mqtts')
})

test('the summary shows the page of the inbox', () => {
  expect(summary(config, [], 1)).toMatch(/^ {2}http:\/\/localhost:9 +the inbox: what subscribers/m)
})

test('the summary omits parts that do not run, and solutions without a running part', () => {
  const links = [{ at: 'indexer', path: '/one/', doc: 'the page' }] as const
  const text = summary({ ...config, parts: new Set(['kafka']) }, [{ name: 'one', links }], 12.34)
  expect(text).toBe(
    '\nReady in 12.3 s.\n\nWeir\n  localhost:2  Kafka; see also `npx weir topics` and `npx weir tail TOPIC`\n',
  )
  expect(summary(config, [{ name: 'one', links }], 1)).toContain('\none\n  http://localhost:6/one/ ')
})
