import { defineConfig } from 'vitest/config'

/**
 * Kinds of test, by what they need: `unit` and `law` nothing; `golden`, `contract`, `acceptance` and `faults` a Docker
 * engine with the images made. `pnpm unit` runs the first two.
 */
const project = (name: string, include: string[], more: object = {}) => ({
  test: { name, include, environment: 'node', ...more },
})

// Nothing here is timed: a limit only ends what hangs, and a busy machine is no failure.
const onItsOwn = { testTimeout: 60_000 }
// What talks to real containers takes its time, and two at once on a small machine only slow each other.
const onDocker = { testTimeout: 180_000, hookTimeout: 300_000, fileParallelism: false }

/** Speak over the wire alone, and so judge both: a runtime from source, and a project behind its instance's edge. */
const SUITES = 'test/suites/**/*.test.ts'

export default defineConfig({
  test: {
    projects: [
      project(
        'unit',
        ['{shared,control,runtime,templates,test/bench}/**/*.test.ts', 'docker/**/*.test.mjs'],
        onItsOwn,
      ),
      project('law', ['test/law/**/*.test.ts'], onItsOwn),
      project('golden', ['test/golden/**/*.test.ts'], onDocker),
      project('contract', ['test/contract/**/*.test.ts', SUITES], onDocker),
      project('acceptance', ['test/acceptance/**/*.test.ts', SUITES], {
        ...onDocker,
        globalSetup: ['test/harness/instance.ts'],
      }),
      project('faults', ['test/faults/**/*.test.ts'], onDocker),
      project('safety', ['test/safety/**/*.test.ts'], { ...onDocker, testTimeout: 3_600_000 }),
    ],
  },
})
