/**
 * The REST bench: each case under row-level security with a signed-in user's token, by every lane in turn on one
 * database. The ratios are what counts.
 */
import { SignJWT } from 'jose'
import { CASE_NAMES, CASES, type CaseName } from './cases.ts'
import { compare } from './compare.ts'
import { NAIVE, REST } from './dialect.ts'
import { ensureH2load } from './h2load.ts'
import { httpLane, type Lane, pgbenchLane } from './lanes.ts'
import { startPgbench } from './pgbench.ts'
import { report } from './report.ts'
import { TEAM } from './schema.ts'
import { startNaive } from './servers.ts'
import type { World } from './world.ts'

export type RestBench = {
  /** All when empty; of lanes the first word of the name. */
  cases: readonly string[]
  lanes: readonly string[]
  /** Rounds and seconds for each number of connections. */
  sizes: readonly { connections: number; seconds: number; rounds: number }[]
  say: (text: string) => void
}

export async function benchRest(world: World, asked: RestBench): Promise<void> {
  await ensureH2load()
  const claims = { role: 'authenticated', sub: '7', team: TEAM, exp: Math.floor(Date.now() / 1000) + 7_200 }
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(new TextEncoder().encode(world.jwtSecret))
  const [pgbench, naive] = [await startPgbench(world.db), await startNaive(world)]
  const { admin } = world.db
  const rest = { dialect: REST, token, admin }
  const { runtime, edge } = world
  const all: Lane[] = [
    pgbenchLane(pgbench, settingsOf(claims)),
    httpLane({
      name: "runtime's socket",
      target: { socket: runtime.socket },
      server: runtime.meter,
      ...rest,
    }),
    httpLane({
      ...{ name: 'naive postgres.js', target: { socket: naive.socket }, server: naive.meter },
      ...{ dialect: NAIVE, token, admin },
    }),
    ...(edge
      ? [httpLane({ name: 'edge in front of the runtime', target: edge, server: edge.meter, ...rest })]
      : []),
  ]
  const lanes = all.filter(
    ({ name }) => asked.lanes.length === 0 || asked.lanes.some((word) => name.startsWith(word)),
  )
  try {
    for (const { rounds, ...size } of asked.sizes) {
      asked.say(`\n## REST with JWT and row-level security, ${size.connections} connections`)
      for (const name of chosen(asked.cases)) {
        const figures = await compare({ name, lanes, size, rounds, db: world.db })
        asked.say(report(CASES[name].title, figures))
      }
    }
  } finally {
    await Promise.all([pgbench.stop(), naive.stop()])
  }
}

function chosen(asked: readonly string[]): readonly CaseName[] {
  const unknown = asked.filter((name) => !CASE_NAMES.some((known) => known === name))
  if (unknown.length > 0) throw new Error(`no such case: ${unknown}; there are ${CASE_NAMES.join(', ')}`)
  return CASE_NAMES.filter((name) => asked.length === 0 || asked.includes(name))
}

/** The settings PostgREST makes in each transaction; a topic is all a request differs in. */
const settingsOf = (claims: object) => ({
  role: `'authenticated'`,
  'request.jwt.claims': `'${JSON.stringify(claims)}'`,
  'request.method': `'GET'`,
  'request.path': `'/notes'`,
  'request.headers': `'{}'`,
  'request.cookies': `'{}'`,
  search_path: `'public, extensions'`,
})
