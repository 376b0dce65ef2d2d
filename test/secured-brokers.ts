/** Brokers for the tests of the chart that refuse its logins: a password and an expired certificate. */
import { apply, expectDone, IMAGE, kubectl, NAMESPACE } from './kubectl.ts'

/**
 * Starts a broker that requires the password `right` from the user weir, and a listener with an expired
 * certificate; creates secrets with a wrong password and with the authority.
 */
export async function openSecuredBrokers({
  ca,
  cert,
  key,
}: {
  readonly ca: string
  readonly cert: string
  readonly key: string
}): Promise<void> {
  expectDone(await kubectl('create', 'secret', 'generic', 'broker-password', '--from-literal=password=wrong'))
  expectDone(await kubectl('create', 'secret', 'generic', 'broker-tls', `--from-file=ca.crt=${ca}`))
  expectDone(await kubectl('create', 'secret', 'tls', 'expired', `--cert=${cert}`, `--key=${key}`))
  const login =
    'org.apache.kafka.common.security.plain.PlainLoginModule required username="weir" password="right" user_weir="right";'
  const settings = {
    NODE_ID: '1',
    PROCESS_ROLES: 'broker,controller',
    CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
    CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    LISTENERS: 'CLIENT://:9092,CONTROLLER://:9093',
    ADVERTISED_LISTENERS: 'CLIENT://sasl-broker:9092',
    INTER_BROKER_LISTENER_NAME: 'CLIENT',
    LISTENER_SECURITY_PROTOCOL_MAP: 'CLIENT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
    SASL_ENABLED_MECHANISMS: 'PLAIN',
    SASL_MECHANISM_INTER_BROKER_PROTOCOL: 'PLAIN',
    LISTENER_NAME_CLIENT_PLAIN_SASL_JAAS_CONFIG: login,
    HEAP_OPTS: '-Xmx256m',
  }
  await openServer('sasl-broker', 9092, {
    image: 'apache/kafka:4.3.1',
    env: Object.entries(settings).map(([name, value]) => ({ name: `KAFKA_${name}`, value })),
    readinessProbe: { tcpSocket: { port: 9092 }, periodSeconds: 1 },
  })
  await openServer(
    'expired-broker',
    9093,
    {
      image: IMAGE,
      readinessProbe: { tcpSocket: { port: 9093 }, periodSeconds: 1 },
      volumeMounts: [{ name: 'tls', mountPath: '/tls' }],
      args: [
        '-e',
        "const { readFileSync: read } = require('fs'); require('tls').createServer({ key: read('/tls/tls.key'), cert: read('/tls/tls.crt') }, (socket) => socket.on('error', () => {})).on('tlsClientError', () => {}).listen(9093)",
      ],
    },
    [{ name: 'tls', secret: { secretName: 'expired' } }],
  )
  expectDone(
    await kubectl('wait', '--for=condition=Ready', 'pod/sasl-broker', 'pod/expired-broker', '--timeout=120s'),
  )
}

async function openServer(
  name: string,
  port: number,
  container: object,
  volumes: readonly object[] = [],
): Promise<void> {
  const labels = { server: name }
  await apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: NAMESPACE, labels },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      volumes,
      containers: [
        {
          name,
          imagePullPolicy: 'IfNotPresent',
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          ...container,
        },
      ],
    },
  })
  await apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: NAMESPACE },
    spec: { selector: labels, ports: [{ port }] },
  })
}
