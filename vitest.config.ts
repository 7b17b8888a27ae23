import { defineConfig } from 'vitest/config'

/**
 * Five kinds of test, by what they need: `unit` and `law` nothing, `golden` a Postgres, `contract` and
 * `acceptance` a Docker engine with the images made. `pnpm unit` runs the first two.
 */
const project = (name: string, include: string[], more: object = {}) => ({
  test: { name, include, environment: 'node', ...more },
})

// What talks to real containers takes its time, and two at once on a small machine only slow each other.
const onDocker = { testTimeout: 180_000, hookTimeout: 300_000, fileParallelism: false }

export default defineConfig({
  test: {
    projects: [
      project('unit', ['{shared,control,runtime,templates}/**/*.test.ts', 'docker/**/*.test.mjs']),
      project('law', ['test/law/**/*.test.ts']),
      project('golden', ['test/golden/**/*.test.ts'], onDocker),
      project('contract', ['test/contract/**/*.test.ts'], onDocker),
      project('acceptance', ['test/acceptance/**/*.test.ts'], {
        ...onDocker,
        globalSetup: ['test/harness/instance.ts'],
      }),
      project('faults', ['test/faults/**/*.test.ts'], onDocker),
    ],
  },
})
