/** Who takes part: the bar, ours with and without the edge, the handler by hand, the peers. Only who is wanted is started. */
import { SignJWT } from 'jose'
import { weighAsContainer } from '../weigh.ts'
import { type Dialect, FIXED, NAIVE, REST } from './dialect.ts'
import { PLATFORMATIC, POSTGRAPHILE } from './dialect-peers.ts'
import { httpLane, type Lane, pgbenchLane } from './lanes.ts'
import { startPgbench } from './pgbench.ts'
import { TEAM } from './schema.ts'
import { type Server, startFixed, startNaive, startPlatformatic, startPostgraphile } from './servers.ts'
import type { World } from './world.ts'

export type LineUp = { lanes: Lane[]; stop(): Promise<void> }

type Start = () => Lane | Promise<Lane>

/** @param wanted how the lanes' names begin; all when empty. */
export async function lineUp(world: World, wanted: readonly string[]): Promise<LineUp> {
  const { runtime, edge, db } = world
  const claims = { role: 'authenticated', sub: '7', team: TEAM, exp: Math.floor(Date.now() / 1000) + 7_200 }
  const by = await weighAsContainer(db.container)
  const caller = { by, token: await signed(claims, world.jwtSecret), admin: db.admin }
  const stops: (() => Promise<void>)[] = [by.remove]
  const beside = (name: string, dialect: Dialect, start: (world: World) => Promise<Server>) => async () => {
    const { socket, meter, stop } = await start(world)
    stops.push(stop)
    return httpLane({ name, target: { socket }, server: meter, dialect, ...caller })
  }
  const bar = async () => {
    const pgbench = await startPgbench(db)
    stops.push(pgbench.stop)
    return pgbenchLane(pgbench, settingsOf(claims))
  }
  const ours = { dialect: REST, ...caller }
  const all: Record<string, Start> = {
    'pgbench, one trip': bar,
    "runtime's socket": () =>
      httpLane({ name: "runtime's socket", target: runtime, server: runtime.meter, ...ours }),
    ...(edge && {
      'edge before the runtime': () =>
        httpLane({ name: 'edge before the runtime', target: edge, server: edge.meter, ...ours }),
    }),
    'fixed statements': beside('fixed statements by our wire', FIXED, startFixed),
    'naive postgres.js': beside('naive postgres.js', NAIVE, (world) => startNaive(world, 5)),
    'four trips by postgres.js': beside('four trips by postgres.js', NAIVE, (world) => startNaive(world, 4)),
    'Platformatic DB': beside('Platformatic DB, rules of its own for RLS', PLATFORMATIC, startPlatformatic),
    PostGraphile: beside('PostGraphile', POSTGRAPHILE, startPostgraphile),
  }
  const stop = async () => {
    await Promise.all(stops.map((each) => each()))
  }
  try {
    const lanes: Lane[] = []
    for (const start of chosen(all, wanted)) lanes.push(await start())
    return { lanes, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function chosen(all: Record<string, Start>, wanted: readonly string[]): Start[] {
  const begins = (name: string, word: string) => name.toLowerCase().startsWith(word.toLowerCase())
  const unknown = wanted.filter((word) => !Object.keys(all).some((name) => begins(name, word)))
  if (unknown.length > 0)
    throw new Error(`no such lane: ${unknown}; there are ${Object.keys(all).join('; ')}`)
  return Object.entries(all)
    .filter(([name]) => wanted.length === 0 || wanted.some((word) => begins(name, word)))
    .map(([, start]) => start)
}

const signed = (claims: Record<string, unknown>, secret: string): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(new TextEncoder().encode(secret))

/** The settings PostgREST makes in each transaction. */
const settingsOf = (claims: object) => ({
  role: `'authenticated'`,
  'request.jwt.claims': `'${JSON.stringify(claims)}'`,
  'request.method': `'GET'`,
  'request.path': `'/notes'`,
  'request.headers': `'{}'`,
  'request.cookies': `'{}'`,
  search_path: `'public, extensions'`,
})
