/** Helm and the tools that check a chart, at pinned versions. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { goTools } from '@weir/stack/go.ts'
import { pythonWith } from '@weir/stack/python.ts'

const run = promisify(execFile)
const tools = fileURLToPath(new URL('../tools/', import.meta.url))

export const chart = fileURLToPath(new URL('../weir', import.meta.url))
/** The version of Kubernetes that renderings are checked against. Helm takes its own from its build. */
export const KUBERNETES = '1.34'

export interface Outcome {
  readonly code: number
  /** The output of both streams. */
  readonly output: string
  readonly stdout: string
}

export interface ChartTools {
  helm(...args: string[]): Promise<Outcome>
  unittest(...args: string[]): Promise<Outcome>
  /** kubernetes-validate: manifests against the schemas of the API. */
  validate(...args: string[]): Promise<Outcome>
}

export async function chartTools(): Promise<ChartTools> {
  const [major, minor] = KUBERNETES.split('.')
  const version = `-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=${major} -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=${minor}`
  const [bin, python] = await Promise.all([
    goTools(
      'helm',
      tools,
      ['helm.sh/helm/v3/cmd/helm', 'github.com/helm-unittest/helm-unittest/cmd/helm-unittest'],
      version,
    ),
    pythonWith('kubernetes-validate', join(tools, 'requirements.txt')),
  ])
  return {
    helm: (...args) => outcome(join(bin, 'helm'), args),
    unittest: (...args) => outcome(join(bin, 'helm-unittest'), args),
    validate: (...args) => outcome(python, ['-m', 'kubernetes_validate', ...args]),
  }
}

async function outcome(command: string, args: readonly string[]): Promise<Outcome> {
  // Helm's own folders (~/.config/helm) may hold plugins and registries of the user.
  const env = { ...process.env, KUBECONFIG: '/dev/null' }
  try {
    const { stdout, stderr } = await run(command, args, { env, maxBuffer: 1 << 26 })
    return { code: 0, output: stdout + stderr, stdout }
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: number | string; stdout?: string; stderr?: string }
    if (typeof code !== 'number') throw error
    return { code, output: `${stdout}${stderr}`, stdout: stdout ?? '' }
  }
}
