/**
 * The REST bench: each case under row-level security with a signed-in user's token, by every lane in turn on one
 * database. The ratios are what counts.
 */
import { CASE_NAMES, CASES, type CaseName } from './cases.ts'
import { compare } from './compare.ts'
import { ensureH2load } from './h2load.ts'
import { lineUp } from './line-up.ts'
import { report } from './report.ts'
import type { World } from './world.ts'

export type RestBench = {
  /** All when empty; of lanes how their names begin. */
  cases: readonly string[]
  lanes: readonly string[]
  /** Rounds and seconds for each number of connections. */
  sizes: readonly { connections: number; seconds: number; rounds: number }[]
  say: (text: string) => void
}

export async function benchRest(
  world: World,
  { cases, lanes: wanted, sizes, say }: RestBench,
): Promise<void> {
  const names = chosen(cases)
  await ensureH2load()
  const { lanes, stop } = await lineUp(world, wanted)
  try {
    for (const [at, { rounds, ...size }] of sizes.entries()) {
      say(`\n## REST with JWT and row-level security, ${size.connections} connections`)
      for (const name of names) {
        const figures = await compare({ name, lanes, size, rounds, warmUp: at === 0, db: world.db })
        say(report(CASES[name].title, figures))
      }
    }
  } finally {
    await stop()
  }
}

function chosen(asked: readonly string[]): readonly CaseName[] {
  const unknown = asked.filter((name) => !CASE_NAMES.some((known) => known === name))
  if (unknown.length > 0) throw new Error(`no such case: ${unknown}; there are ${CASE_NAMES.join(', ')}`)
  return CASE_NAMES.filter((name) => asked.length === 0 || asked.includes(name))
}
