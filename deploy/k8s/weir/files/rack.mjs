// Writes the zone id of this pod's node to /etc/weir/rack/id. Consumers then fetch from the nearest replica
// (KIP-392; MSK's racks are zone ids).
import { readFileSync, writeFileSync } from 'node:fs'

const {
  KUBERNETES_SERVICE_HOST: host,
  KUBERNETES_SERVICE_PORT: port,
  NODE_NAME: node,
  NODE_LABEL: label,
} = process.env
const token = readFileSync('/var/run/node-reader/token', 'utf8')
const answer = await fetch(
  `https://${host.includes(':') ? `[${host}]` : host}:${port}/api/v1/nodes/${node}`,
  { headers: { authorization: `Bearer ${token}` }, signal: AbortSignal.timeout(10_000) },
)
if (!answer.ok)
  throw new Error(
    `The API server answered ${answer.status} for node ${node}; the pod's account must be allowed to get nodes (rack.from: node creates that rule).`,
  )
const rack = (await answer.json()).metadata.labels?.[label]
if (rack === undefined)
  throw new Error(
    `Node ${node} does not have the label ${label}; set rack.label to one that it has, or rack.from to value or none.`,
  )
writeFileSync('/etc/weir/rack/id', rack)
console.log(`rack ${rack}`)
