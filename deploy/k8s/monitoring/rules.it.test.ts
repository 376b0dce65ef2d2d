/**
 * Checks the alert rules and the dashboards against the metrics of running services, and tests the rules with
 * promtool over series of those metrics.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { applyTopics, registerContracts } from '@weir/catalogue'
import { readConfig } from '@weir/config'
import { ANY_FURTHER_PORTS, SERVICES } from '@weir/contracts/services.ts'
import { kafkaConfig, openKafka } from '@weir/kafka'
import { topics } from '@weir/solutions'
import { debianPackage } from '@weir/stack/debian.ts'
import { freePorts } from '@weir/stack/ports.ts'
import { servers } from '@weir/testkit'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../..', import.meta.url))
const RULES = join(root, 'deploy/k8s/weir/files/prometheus-rules.yaml')
const DASHBOARDS = join(root, 'deploy/k8s/weir/files/dashboards')
/** Labels that Prometheus or the chart's ServiceMonitor adds. */
const ADDED = new Set(['job', 'namespace', 'pod', 'le'])

let folder: string
let promtool: string
let scraped = ''
const children: ChildProcess[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weir-rules-'))
  const [{ brokers }, { url: registryUrl }, { url: redisUrl }, { url: searchUrl }, prometheus] =
    await Promise.all([
      servers.kafka(),
      servers.registry(),
      servers.redis(),
      servers.search('opensearch'),
      debianPackage('prometheus'),
    ])
  promtool = join(prometheus, 'usr/bin/promtool')
  const { value: kafka, stop } = await openKafka(readConfig({ KAFKA_BROKERS: brokers.join() }, kafkaConfig))
  await applyTopics(kafka.admin, { topics, replicas: 1 })
  await stop()
  await registerContracts(registryUrl, topics)
  const ports = await freePorts(SERVICES.length)
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  await run('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '30',
    '-subj',
    '/CN=localhost',
    '-keyout',
    key,
    '-out',
    cert,
  ])
  SERVICES.forEach((service, i) => {
    children.push(
      spawn(process.execPath, [`services/${service}/main.ts`], {
        cwd: root,
        stdio: ['ignore', 'ignore', 'inherit'],
        env: {
          ...process.env,
          LOG_LEVEL: 'error',
          ...ANY_FURTHER_PORTS,
          HTTP_HOST: '127.0.0.1',
          HTTP_PORT: String(ports[i]),
          ALLOW_ANONYMOUS: 'true',
          KAFKA_BROKERS: brokers.join(),
          REGISTRY_URL: registryUrl,
          REDIS_URL: redisUrl,
          SEARCH_URL: searchUrl,
          ...(service === 'ingest-hub' && { TLS_CERT_FILE: cert, TLS_KEY_FILE: key }),
        },
      }),
    )
  })
  for (const port of ports) {
    await vi.waitFor(async () => expect((await fetch(`http://127.0.0.1:${port}/readyz`)).ok).toBe(true), {
      timeout: 60_000,
      interval: 200,
    })
    scraped += await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  }
})

afterAll(async () => {
  await Promise.all(
    children.map(
      (child) =>
        new Promise((resolve) => {
          child.once('exit', resolve)
          child.kill('SIGTERM')
        }),
    ),
  )
  rmSync(folder, { recursive: true, force: true })
})

interface Used {
  readonly metric: string
  readonly labels: ReadonlySet<string>
}

/**
 * Returns the metrics of an expression, with the labels that it selects by. Labels of `by` belong to all of
 * the metrics.
 */
function usedIn(expr: string): Used[] {
  const grouping = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list]) =>
    list.split(',').map((label) => label.trim()),
  )
  return [...expr.matchAll(/\b((?:weir|process|nodejs)_[a-z0-9_]+)(?:\{([^}]*)\})?/g)].map(
    ([, metric, selector = '']) => ({
      metric,
      labels: new Set(
        [...grouping, ...[...selector.matchAll(/(\w+)\s*[=!]~?/g)].map(([, label]) => label)].filter(
          (label) => !ADDED.has(label),
        ),
      ),
    }),
  )
}

/** Returns the labels of each metric's samples; an empty set if it has no sample yet. */
function shown(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  for (const [, name] of scraped.matchAll(/^# TYPE (\S+)/gm)) found.set(name, found.get(name) ?? new Set())
  for (const [, name, labels = ''] of scraped.matchAll(/^([a-z]\w*)(?:\{([^}]*)\})? /gm)) {
    const metric = found.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '')
    for (const [, label] of labels.matchAll(/(\w+)="/g)) found.get(metric)?.add(label)
  }
  return found
}

const alerts = (): string[] =>
  [...readFileSync(RULES, 'utf8').matchAll(/- alert: (\w+)/g)].map(([, name]) => name)

test('every metric and label of the rules and dashboards is exported by the services', () => {
  const rules = [...readFileSync(RULES, 'utf8').matchAll(/expr: (\|[\s\S]*?(?=\n {8}\w)|.*)/g)].map(
    ([, expr]) => expr,
  )
  const panels = readdirSync(DASHBOARDS).flatMap(
    (file) =>
      JSON.parse(readFileSync(join(DASHBOARDS, file), 'utf8')).panels as { targets?: { expr: string }[] }[],
  )
  const expressions = [...rules, ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))]
  expect(rules).toHaveLength(alerts().length)
  const there = shown()
  const missing = expressions.flatMap(usedIn).flatMap(({ metric, labels }) => {
    const known = there.get(metric) ?? there.get(metric.replace(/_(bucket|sum|count)$/, ''))
    if (known === undefined) return [metric]
    return known.size === 0
      ? []
      : [...labels].filter((label) => !known.has(label)).map((label) => `${metric}{${label}}`)
  })
  expect(missing).toEqual([])
})

test('promtool accepts the rules and the expressions of the dashboards', async () => {
  expect((await run(promtool, ['check', 'rules', RULES])).stdout).toContain(`${alerts().length} rules found`)
  const panels = readdirSync(DASHBOARDS).flatMap(
    (file) =>
      JSON.parse(readFileSync(join(DASHBOARDS, file), 'utf8')).panels as {
        title: string
        targets?: { expr: string }[]
      }[],
  )
  const rules = panels
    .flatMap(({ targets = [] }) => targets)
    .map(({ expr }, i) => ({ record: `panel:${i}`, expr: expr.replaceAll('$__rate_interval', '1m') }))
  const file = join(folder, 'panels.json')
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules }] }))
  expect((await run(promtool, ['check', 'rules', file])).stdout).toContain(`${rules.length} rules found`)
})

/** Returns a series as it was scraped, with the job that Prometheus adds. */
function series(name: string, ...parts: readonly string[]): string {
  const line = scraped
    .split('\n')
    .find((one) => one.startsWith(`${name}{`) && parts.every((part) => one.includes(part)))
  if (line === undefined) throw new Error(`The services show no ${name} with ${parts.join(' and ')}.`)
  return `${line.slice(0, line.indexOf('}'))},job="weir"}`
}

test('each alert fires on series that should trigger it, and not on series that should not', async () => {
  const lag = series('weir_stage_lag_records', 'enricher.taxi')
  const done = series('weir_stage_records_total', 'enricher.taxi')
  const failed = series('weir_stage_failed_total', 'enricher.taxi')
  const stalled = series('weir_group_stalled_partitions', 'enricher.taxi')
  const route = series('weir_http_request_duration_seconds_count', 'route="/readyz"')
  const within = (le: string): string =>
    series('weir_stage_latency_seconds_bucket', 'enricher.taxi', `le="${le}"`)
  const of = (name: string, labels: string): string => `${name}{${labels},job="weir"}`
  const certificate = series('weir_certificate_expiry_timestamp_seconds', 'server')
  const devices = series('weir_mqtt_connections', 'state="known"')
  const refusedLogins = (reason: string): string =>
    series('weir_mqtt_refused_logins_total', `reason="${reason}"`)
  /** Per alert: series that make it fire within an hour, and others that do not. */
  const cases: Readonly<
    Record<string, readonly [Readonly<Record<string, string>>, Readonly<Record<string, string>>]>
  > = {
    WeirLagGrowing: [{ [lag]: '0+1000x60' }, { [lag]: '60000-1000x60' }],
    WeirNoProgress: [
      { [lag]: '7x60', [done]: '100x60' },
      { [lag]: '7x60', [done]: '100+1x60' },
    ],
    WeirStandsStill: [{ [stalled]: '0x50 1x10' }, { [stalled]: '0x30 1 0x29' }],
    WeirDeadLetters: [{ [failed]: '0x50 1x10' }, { [failed]: '5x60' }],
    WeirServerErrors: [
      { [route]: '0+100x60', [route.replace(/status="\d+"/, 'status="503"')]: '0+5x60' },
      { [route]: '0+1000x60', [route.replace(/status="\d+"/, 'status="503"')]: '0+5x60' },
    ],
    WeirLateCommits: [
      { [within('30')]: '0+90x60', [within('60')]: '0+100x60', [within('+Inf')]: '0+100x60' },
      { [within('1')]: '0+100x60', [within('30')]: '0+100x60', [within('+Inf')]: '0+100x60' },
    ],
    WeirSinkPaused: [
      { [series('weir_sink_paused', 'sink=')]: '0x30 1x30' },
      { [series('weir_sink_paused', 'sink=')]: '1x3 0x57' },
    ],
    WeirFunctionFails: [
      {
        [of('weir_function_invocations_total', 'function="offers",result="success"')]: '0+80x60',
        [of('weir_function_invocations_total', 'function="offers",result="error"')]: '0+20x60',
      },
      {
        [of('weir_function_invocations_total', 'function="offers",result="success"')]: '0+99x60',
        [of('weir_function_invocations_total', 'function="offers",result="error"')]: '0+1x60',
      },
    ],
    WeirFunctionBehind: [
      { [of('weir_function_iterator_age_seconds', 'function="offers"')]: '0+60x60' },
      { [of('weir_function_iterator_age_seconds', 'function="offers"')]: '200x60' },
    ],
    WeirFunctionEventsDropped: [
      { [of('weir_function_events_total', 'function="offers",result="dropped"')]: '0x50 1x10' },
      {
        [of('weir_function_events_total', 'function="offers",result="dropped"')]: '3x60',
        [of('weir_function_events_total', 'function="offers",result="error"')]: '0+1x60',
      },
    ],
    WeirNotificationsFailing: [
      { [of('weir_notification_failing_subscriptions', 'pod="a"')]: '0x30 2x30' },
      { [of('weir_notification_failing_subscriptions', 'pod="a"')]: '2x30 0x30' },
    ],
    WeirNotificationsLate: [
      { [of('weir_notification_oldest_waiting_seconds', 'pod="a"')]: '0+90x60' },
      { [of('weir_notification_oldest_waiting_seconds', 'pod="a"')]: '0+50x60' },
    ],
    WeirNotificationsGivenUp: [
      { [of('weir_notification_deliveries_total', 'protocol="http",outcome="dead"')]: '0x50 1x10' },
      {
        [of('weir_notification_deliveries_total', 'protocol="http",outcome="dead"')]: '3x60',
        [of('weir_notification_deliveries_total', 'protocol="http",outcome="failed"')]: '0+1x60',
      },
    ],
    WeirRuleActionsFail: [
      { [of('weir_rule_action_failures_total', 'action="http"')]: '0x50 1x10' },
      { [of('weir_rule_action_failures_total', 'action="http"')]: '3x60' },
    ],
    WeirMqttMessagesNotStored: [
      { weir_mqtt_unstored_messages_total: '0x40 0+1x20' },
      { weir_mqtt_unstored_messages_total: '0x30 1x30' },
    ],
    WeirMqttMessagesRefused: [
      { weir_mqtt_refused_messages_total: '0x50 1x10' },
      { weir_mqtt_refused_messages_total: '3x60' },
    ],
    WeirMqttLoginsRefused: [
      { [refusedLogins('badCredentials')]: '0x50 0+20x10' },
      { [refusedLogins('badCredentials')]: '0+5x60', [refusedLogins('quotaExceeded')]: '0+20x60' },
    ],
    WeirMqttConnectionsFull: [
      { [refusedLogins('quotaExceeded')]: '0x50 1x10' },
      { [refusedLogins('quotaExceeded')]: '3x60', [refusedLogins('badCredentials')]: '0+1x60' },
    ],
    WeirMqttBackPressure: [
      { [devices]: '100x60', weir_mqtt_paused_connections: '20x60' },
      { [devices]: '100x60', weir_mqtt_paused_connections: '5x60' },
    ],
    WeirMqttSubscribersSlow: [
      { weir_mqtt_dropped_messages_total: '0+1x60' },
      { weir_mqtt_dropped_messages_total: '0x20 5x40' },
    ],
    WeirMqttBrokerLost: [
      { [of('weir_mqtt_bridge_sessions', 'broker="plant",state="waiting"')]: '0x30 12x30' },
      { [of('weir_mqtt_bridge_sessions', 'broker="plant",state="waiting"')]: '12x30 0x30' },
    ],
    WeirCertificateExpires: [{ [certificate]: `${10 * 86_400}x60` }, { [certificate]: `${30 * 86_400}x60` }],
  }
  expect(Object.keys(cases)).toEqual(alerts())
  const firing = (alert: string): string => `count(ALERTS{alertname="${alert}", alertstate="firing"})`
  const tests = Object.entries(cases).flatMap(([alert, [fires, not]]) =>
    [fires, not].map((input, i) => ({
      name: `${alert} ${i === 0 ? 'fires' : 'does not fire'}`,
      interval: '1m',
      input_series: Object.entries(input).map(([name, values]) => ({ series: name, values })),
      promql_expr_test: [
        { expr: firing(alert), eval_time: '60m', exp_samples: i === 0 ? [{ labels: '{}', value: 1 }] : [] },
      ],
    })),
  )
  const file = join(folder, 'tests.json')
  writeFileSync(file, JSON.stringify({ rule_files: [RULES], evaluation_interval: '1m', tests }))
  const { stdout, stderr } = await run(promtool, ['test', 'rules', file]).catch(
    (error: { stdout: string; stderr: string }) => error,
  )
  expect(stdout + stderr).toContain('SUCCESS')
  expect(stdout + stderr).not.toContain('FAILED')
})
