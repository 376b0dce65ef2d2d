/** Parses renderings into objects. */
import { parseAllDocuments } from 'yaml'

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec?: any
  readonly data?: Readonly<Record<string, string>>
}

export function manifestsOf(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [problem] = 'errors' in document ? document.errors : []
    if (problem) throw problem
    const value = document.toJS()
    return value === null ? [] : [value]
  })
}

export interface PodOf {
  readonly owner: string
  readonly labels: Readonly<Record<string, string>>
  readonly spec: any
}

/** Returns the pods that run: of Deployments, StatefulSets, Jobs and Pods. */
export function podsOf(manifests: readonly Manifest[]): PodOf[] {
  return manifests.flatMap(({ kind, metadata, spec }) => {
    const owner = `${kind}/${metadata.name}`
    if (kind === 'Pod') return [{ owner, labels: metadata.labels ?? {}, spec }]
    return spec?.template?.spec === undefined
      ? []
      : [{ owner, labels: spec.template.metadata.labels, spec: spec.template.spec }]
  })
}

const COMPONENT = 'app.kubernetes.io/component'

/**
 * Returns the flows that the policies allow, as `enricher → kafka:9092`. `*` stands for any peer; a
 * namespace's name or a CIDR stands for the peers in it. Both ends must allow a flow: a flow that only one
 * side allows is listed with the missing side, as `enricher → kafka:9092 (not let in)`.
 */
export function flowsOf(manifests: readonly Manifest[]): string[] {
  const components = [...new Set(podsOf(manifests).map(({ labels }) => labels[COMPONENT]))]
  const leaving = new Set<string>()
  const entering = new Set<string>()
  for (const { kind, spec } of manifests) {
    if (kind !== 'NetworkPolicy') continue
    const own = spec.podSelector.matchLabels[COMPONENT]
    for (const { to, ports } of spec.egress ?? [])
      for (const peer of peers(to)) for (const { port } of ports) leaving.add(`${own} → ${peer}:${port}`)
    for (const { from, ports } of spec.ingress ?? [])
      for (const peer of peers(from)) for (const { port } of ports) entering.add(`${peer} → ${own}:${port}`)
  }
  const within = (name: string): boolean => components.includes(name.replace(/:\d+$/, ''))
  const flows = [...leaving].map((flow) => {
    const [, to] = flow.split(' → ')
    return !within(to) || entering.has(flow) || entering.has(`* → ${to}`) ? flow : `${flow} (not let in)`
  })
  for (const flow of entering) {
    const [from] = flow.split(' → ')
    if (!leaving.has(flow)) flows.push(within(from) ? `${flow} (not let out)` : flow)
  }
  return flows.toSorted()
}

function peers(list: readonly any[] | undefined): string[] {
  return list === undefined
    ? ['*']
    : list.map(
        ({ podSelector, namespaceSelector, ipBlock }) =>
          ipBlock?.cidr ??
          namespaceSelector?.matchLabels['kubernetes.io/metadata.name'] ??
          podSelector.matchLabels[COMPONENT],
      )
}
