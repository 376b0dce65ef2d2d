/** Compose and the chart start the services of the table, each on its port and after its dependencies. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  furtherPorts,
  IMAGE_SERVERS,
  portVariable,
  SERVICES,
  type Server,
  services,
} from '@weir/contracts/services.ts'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

const read = (path: string) => parse(readFileSync(join(import.meta.dirname, path), 'utf8'), { merge: true })
const compose = read('../compose.yaml')
const chart = read('k8s/weir/values.yaml')
const dockerfile = readFileSync(join(import.meta.dirname, '../Dockerfile'), 'utf8')

test.each(SERVICES)('Compose starts %s', (name) => {
  const { port, needs } = services[name]
  const { command, ports, depends_on, environment } = compose.services[name]
  expect(command).toEqual([`services/${name}/main.ts`])
  const published = (variable: string, of: number): string => `127.0.0.1:\${${variable}:-${of}}:${of}`
  // Compose gives no service a certificate.
  const further = furtherPorts(name).filter(({ tls }) => !tls)
  expect(ports).toEqual([
    published(portVariable(name), port),
    ...further.map((one) => published(one.stackVariable, one.port)),
  ])
  expect(environment.HTTP_PORT).toBe(port)
  for (const one of further) expect(environment[one.variable]).toBe(one.port)
  // The job that applies the contracts waits for Kafka and the registry.
  const others = needs.filter((server) => server !== 'kafka' && server !== 'registry')
  expect(Object.keys(depends_on)).toEqual(['contracts', ...others])
})

test.each(SERVICES)('the chart starts %s', (name) => {
  const { port, needs, uses } = services[name]
  const further = furtherPorts(name).map(({ name: of, port, variable, tls }) => [of, { port, variable, tls }])
  const images: readonly Server[] = IMAGE_SERVERS
  const behind = SERVICES.filter((other) => services[other].apis.length > 0)
  expect(chart.services[name]).toMatchObject({
    command: [`services/${name}/main.ts`],
    port,
    needs: [...needs, ...uses].filter((server) => images.includes(server)),
    ...(further.length > 0 && { ports: Object.fromEntries(further) }),
    ...(name === 'gateway' && { forwards: behind }),
  })
})

test('the chart has the services of the table and the simulator, and no others', () => {
  expect(Object.keys(chart.services)).toEqual([...SERVICES, 'simulator'])
})

test('Compose starts the servers', () => {
  expect(Object.keys(compose.services)).toEqual(expect.arrayContaining(IMAGE_SERVERS))
})

test.each(SERVICES)('the image has the package.json of %s', (name) => {
  expect(dockerfile).toContain(`COPY services/${name}/package.json services/${name}/\n`)
})
