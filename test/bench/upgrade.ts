/** The pause that callers see while their project is moved to another release: one that is kept, one that is undone. */
import { testConfig } from '../harness/config.ts'
import { makeRelease, removeReleases } from '../harness/images.ts'
import { callersOf, type Noticed } from './callers.ts'
import type { BenchInstance } from './instance.ts'

export type Moves = {
  /** From the order to the operation's end, ms: each round. */
  msEach: number[]
  noticed: Noticed[]
}

export type UpgradeFigures = { kept: Moves; undone: Moves }

const REF = 'bench-upgrade'
const CALLERS = 4
const [GOOD, ENDS] = ['bench-upgrade-good', 'bench-upgrade-ends'] as const

export async function benchUpgrade(bench: BenchInstance, rounds: number): Promise<UpgradeFigures> {
  await makeRelease(GOOD, { runtime: ['LABEL dev.cascata.test=good'] })
  await makeRelease(ENDS, { runtime: ['CMD ["node", "-e", "process.exit(3)"]'] })
  await bench.done('POST', '/v1/projects', { name: REF, ref: REF, template: 'todo' })
  const { body } = await bench.control('GET', `/v1/projects/${REF}/keys`)
  const apikey = (body as { service_role_key: string }).service_role_key
  const read = (signal: AbortSignal) =>
    bench.fetch(`${bench.urlOf(REF)}/rest/v1/todos?select=id&limit=5`, { headers: { apikey }, signal })
  const figures: UpgradeFigures = {
    kept: { msEach: [], noticed: [] },
    undone: { msEach: [], noticed: [] },
  }
  try {
    for (let round = 0; round < rounds; round += 1) {
      const to = round % 2 === 0 ? GOOD : testConfig.imageTag
      await move(figures.kept, read, () =>
        bench.done('POST', `/v1/projects/${REF}/upgrade`, { image_tag: to }),
      )
      await move(figures.undone, read, () => undone(bench))
    }
    return figures
  } finally {
    await bench.control('DELETE', `/v1/projects/${REF}`)
    await removeReleases(GOOD, ENDS)
  }
}

async function move(
  into: Moves,
  read: (signal: AbortSignal) => Promise<Response>,
  work: () => Promise<void>,
): Promise<void> {
  const callers = callersOf(read, CALLERS)
  await callers.more(50)
  const from = performance.now()
  await work()
  into.msEach.push(performance.now() - from)
  await callers.more(50)
  into.noticed.push(await callers.stop())
}

/** @throws when it was kept after all, or failed in another way. */
async function undone(bench: BenchInstance): Promise<void> {
  const failure = await bench.done('POST', `/v1/projects/${REF}/upgrade`, { image_tag: ENDS }).then(
    () => 'it was kept',
    (error: unknown) => String(error),
  )
  if (!failure.includes('upgrade-undone')) throw new Error(`the upgrade was not undone: ${failure}`)
}
