import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Kinds of tests, by the last words of their file names. What has none of them is a unit test and needs no
 * server. Groups run one after the other; the files of a group share its workers. Most tests wait more than
 * they compute, so a machine of two cores runs three of them at once.
 */
const KINDS = {
  /** Needs the shared servers of @weir/testkit. */
  integration: { ending: 'it', seconds: 60, group: 1, workers: 3 },
  /** One suite for all drivers or engines. What it kills is its own. */
  conformance: { ending: 'conformance', seconds: 180, group: 1, workers: 3 },
  /** Changes shared servers as a whole, or needs the whole machine. */
  alone: { ending: 'alone', seconds: 180, group: 2, workers: 1 },
  /** Whole services and a browser. */
  e2e: { ending: 'e2e', seconds: 180, group: 3, workers: 2 },
  /** Attacks, each with its bound; CI tries each for a moment. */
  hostile: { ending: 'hostile', seconds: 600, group: 4, workers: 1 },
  /** Kills of every component; by hand. */
  faults: { ending: 'faults', seconds: 1800, group: 5, workers: 1 },
  /** Against `docker compose up`. */
  compose: { ending: 'compose', seconds: 600, group: 6, workers: 1 },
  /** The chart on a cluster. */
  k8s: { ending: 'k8s', seconds: 600, group: 7, workers: 1 },
  /** The Helm chart as it renders: needs Go and Python, which fetch what checks it. */
  chart: { ending: 'chart', seconds: 60, group: 8, workers: 1 },
} as const

/**
 * Files that take minutes. They begin first, so that none of them is left when the other workers are done.
 * Without the results of an earlier run, vitest begins with the files of most bytes.
 */
const LONG = /docs\/how-to\/|test\/taxi\.e2e|tools\/weir\/new\/|kcl\.conformance/

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { long = [], short = [] } = Object.groupBy(await super.sort(files), ({ moduleId }) =>
      LONG.test(moduleId) ? 'long' : 'short',
    )
    return [...long, ...short]
  }
}

const files = (ending: string): string => `**/*.${ending}.test.ts`
/** The last one: templates of `weir new`, whose tests run where it has written them. */
const NEVER = ['**/node_modules/**', '**/.weir/**', 'tools/weir/new/templates/**']

/** Unit tests with a long form, with more or larger cases. `npm run test:faults` runs it. */
const THOROUGH = globSync('**/*.test.ts', {
  cwd: import.meta.dirname,
  exclude: ['**/node_modules', '.weir'],
}).filter((file) => readFileSync(join(import.meta.dirname, file), 'utf8').includes("inject('thorough')"))

export default defineConfig({
  // Pages have the kit at kit/, as the services serve it.
  resolve: {
    alias: [{ find: /^(\.\.?\/)+kit\//, replacement: join(import.meta.dirname, 'packages/pages/web/') }],
  },
  test: {
    globalSetup: './test/global-setup.ts',
    teardownTimeout: 60_000,
    sequence: { sequencer: LongFirst },
    // A second, the default, is not enough on a busy machine.
    expect: { poll: { timeout: 10_000 } },
    projects: [
      {
        extends: true,
        // Modules are loaded once a worker: no unit test leaves anything behind in them, and loading takes
        // longer than most tests. More workers than cores: the longest tests wait for clocks and child
        // processes.
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...NEVER, ...Object.values(KINDS).map(({ ending }) => files(ending))],
          testTimeout: 10_000,
          isolate: false,
          maxWorkers: 3,
          provide: { thorough: false },
        },
      },
      ...Object.entries(KINDS).map(([name, { ending, seconds, group, workers }]) => ({
        extends: true as const,
        test: {
          name,
          include: ending === 'faults' ? [files(ending), ...THOROUGH] : [files(ending)],
          exclude: NEVER,
          provide: { thorough: true },
          maxWorkers: workers,
          // Real servers on a machine that others use too: once more in CI before it counts as failed, and
          // the report says so.
          retry: process.env.CI ? 1 : 0,
          testTimeout: seconds * 1000,
          hookTimeout: Math.max(300, seconds) * 1000,
          sequence: { groupOrder: group },
        },
      })),
    ],
  },
})
