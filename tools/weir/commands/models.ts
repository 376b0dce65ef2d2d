import { readFile } from 'node:fs/promises'
import { command, onlyPositionals, Refused, UsageError, wholeNumber } from '../command.ts'
import { EXIT } from '../exit.ts'
import { hint } from '../nearest.ts'
import { readSettings } from '../settings.ts'
import { print, printJson } from '../terminal/output.ts'
import { table } from '../terminal/table.ts'
import { type ModelsApi, openModelsApi, type Plan, type ShownEndpoint } from './models-api.ts'

const usage = `
weir models [list] | show ENDPOINT | register ENDPOINT VERSION | canary ENDPOINT VERSION | rollback ENDPOINT | delete ENDPOINT

Models that pricing serves. An ENDPOINT has a contract of features, versions of its model, and variants that share the
requests. The files of a version are ENDPOINT/VERSION/model.onnx and card.json in the folder MODELS of the service. The
API key WEIR_API_KEY needs the right to write to endpoint.ENDPOINT, or to read it.

list      shows the endpoints, with what they serve
show      shows the versions and variants of one, and how far its shadows are from what was answered
register  checks a version against the contract, tries its model, and keeps it for later; nothing is served by it yet
canary    gives a version a part of the requests; with --percent 100 all of them, with --shadow only copies
rollback  restores the variants before the last change
delete    removes the endpoint; the files of its versions stay

  --contract FILE  register: creates the endpoint with this contract if it is not there
  --percent N      canary: the part of the requests, 1 to 100 (5)
  --shadow         canary: the version gets copies of the requests, and does not answer
  --json           prints JSON

Examples
  weir models register demand 1 --contract ml/features.json
  weir models canary demand 1 --percent 100
  weir models canary demand 2 --percent 10
  weir models rollback demand

Exit code 1: the change is refused, or the service keeps what it has because it cannot load a version.
`

const ACTIONS = ['list', 'show', 'register', 'canary', 'rollback', 'delete'] as const

interface Options {
  readonly contract?: string
  readonly percent?: string
  readonly shadow: boolean
  readonly json: boolean
}

export const models = command({
  name: 'models',
  summary: 'Versions of models: register, canary, rollback',
  usage,
  options: {
    contract: { type: 'string' },
    percent: { type: 'string' },
    shadow: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
  async run(options, [asked = 'list', endpoint, version, ...rest]) {
    const action = ACTIONS.find((one) => one === asked)
    if (action === undefined)
      throw new UsageError(`There is no \`weir models ${asked}\`.${hint(asked, ACTIONS)}`)
    const takes = action === 'list' ? 0 : action === 'register' || action === 'canary' ? 2 : 1
    const given = [endpoint, version, ...rest].filter((one) => one !== undefined)
    onlyPositionals(given.slice(takes), 0)
    if (given.length < takes)
      throw new UsageError(
        `The ${given.length === 0 ? 'endpoint' : 'version'} is missing; write \`weir models ${action} ENDPOINT${takes === 2 ? ' VERSION' : ''}\`.`,
      )
    const percent = wholeNumber('--percent', options.percent, 5, 1, 100)
    const { urls, apiKey } = readSettings()
    const api = openModelsApi({ url: urls.pricing, apiKey })
    switch (action) {
      case 'list':
        return list(api, options)
      case 'show':
        return show(await api.show(endpoint), options)
      case 'register':
        return register(api, endpoint, version, options)
      case 'canary': {
        const { plan } = await api.show(endpoint)
        const next = options.shadow ? shadowed(plan, version) : shared(plan, endpoint, version, percent)
        return show(await api.share(endpoint, next), options)
      }
      case 'rollback':
        return show(await api.rollBack(endpoint), options)
      case 'delete':
        await api.delete(endpoint)
        await print(`Deleted ${endpoint}.\n`)
        return EXIT.ok
    }
  },
})

async function list(api: ModelsApi, { json }: Options): Promise<number> {
  const rows = await api.list()
  if (json) await printJson(rows)
  else if (rows.length === 0)
    await print(
      'There are no endpoints yet; `weir models register ENDPOINT VERSION --contract FILE` creates one.\n',
    )
  else
    await print(
      table(
        ['ENDPOINT', 'VERSIONS', 'SERVES', 'SHADOWS', 'PROBLEM'],
        rows.map(({ name, versions, variants, shadows, problem }) => [
          name,
          versions,
          variants.map((one) => `${one.version} (${shareOf(one, variants)})`).join(', ') || null,
          shadows.map((one) => one.version).join(', ') || null,
          problem,
        ]),
      ),
    )
  return EXIT.ok
}

async function register(
  api: ModelsApi,
  endpoint: string,
  version: string,
  { contract, json }: Options,
): Promise<number> {
  if (contract !== undefined) await api.create(endpoint, await readContract(contract))
  const shown = await api.register(endpoint, version)
  await (json
    ? printJson(shown)
    : print(`Registered version ${version} of ${endpoint}; \`weir models canary\` lets it answer.\n`))
  return EXIT.ok
}

/** Prints the endpoint. Throws Refused if the service could not load what was decided. */
async function show(endpoint: ShownEndpoint, { json }: Options): Promise<number> {
  const { name, versions, plan, here } = endpoint
  if (json) await printJson(endpoint)
  else
    await print(
      table(
        ['VERSION', 'REGISTERED', 'BYTES', 'VARIANT', 'SHARE', 'DIFFERENCE'],
        versions.map(({ version, registeredAt, bytes }) => {
          const variant = plan.variants.find((one) => one.version === version)
          const shadow = plan.shadows.find((one) => one.version === version)
          const difference = here.differences.find((one) => one.variant === shadow?.name)?.meanAbsolute
          return [
            version,
            new Date(registeredAt).toISOString().replace('T', ' ').slice(0, 19),
            bytes,
            (variant ?? shadow)?.name,
            variant === undefined
              ? shadow === undefined
                ? null
                : 'copies'
              : shareOf(variant, plan.variants),
            difference == null ? null : `${difference.toPrecision(3)} on average`,
          ]
        }),
      ),
    )
  if (here.problem !== null) throw new Refused(`${name} serves on what it has: ${here.problem}`)
  return EXIT.ok
}

function shareOf({ weight }: { weight: number }, variants: Plan['variants']): string {
  const total = variants.reduce((sum, one) => sum + one.weight, 0)
  return `${Math.round((weight * 1000) / total) / 10} %`
}

/** Returns the plan in which the version has a part of the requests, and the main one the rest. */
function shared({ variants, shadows }: Plan, endpoint: string, version: string, percent: number): Plan {
  const primary = variants.toSorted((a, b) => b.weight - a.weight).find((one) => one.version !== version)
  if (percent === 100)
    return { variants: [{ name: 'primary', version, weight: 100 }], shadows: others(shadows, version) }
  if (primary === undefined)
    throw new Refused(
      `${endpoint} does not serve another version, which would get the other requests; add --percent 100.`,
    )
  return {
    variants: [
      { name: 'primary', version: primary.version, weight: 100 - percent },
      { name: 'canary', version, weight: percent },
    ],
    shadows: others(shadows, version),
  }
}

function shadowed({ variants, shadows }: Plan, version: string): Plan {
  const name = `shadow-${version.replaceAll(/[^a-zA-Z0-9]+/g, '-')}`
  return { variants, shadows: [...others(shadows, version), { name, version }] }
}

const others = (shadows: Plan['shadows'], version: string): Plan['shadows'] =>
  shadows.filter((one) => one.version !== version)

async function readContract(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(
      error.code === 'ENOENT' ? `There is no file ${file}.` : `${file} cannot be read (${error.code}).`,
    )
  })
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError(`${file} is not JSON.`)
  }
}
