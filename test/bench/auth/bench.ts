/** The auth bench: whether refusals tell by their time, refreshes a second, and REST beside sign-ins. */
import { signApiKey } from '@cascata/shared/jwt'
import { markdown, round } from '../figures.ts'
import { startPgbench } from '../rest/pgbench.ts'
import { REF, type World } from '../rest/world.ts'
import { benchBeside } from './beside.ts'
import { benchRefresh } from './refresh.ts'
import { benchTiming } from './timing.ts'

export const AUTH_CASES = ['timing', 'refresh', 'beside'] as const

/** Nothing is sent, and nobody is refused for asking too often: what is measured is the work. */
export const AUTH_SETTINGS = {
  auth: {
    email: { autoconfirm: true },
    lockout: { enabled: false },
    rateLimits: { trustedClientAddress: false, emailsPerHour: 1_000_000 },
  },
}

export type AuthBench = {
  /** All when empty. */
  cases: readonly string[]
  connections: number
  seconds: number
  rounds: number
  signIns: number
  say: (text: string) => void
}

export async function benchAuth(world: World, options: AuthBench): Promise<void> {
  const { cases, say, signIns, ...load } = options
  const unknown = cases.filter((name) => !AUTH_CASES.some((known) => known === name))
  if (unknown.length > 0) throw new Error(`no such case: ${unknown}; there are ${AUTH_CASES.join(', ')}`)
  const isWanted = (name: (typeof AUTH_CASES)[number]) => cases.length === 0 || cases.includes(name)
  const { jwtSecret } = world
  const issuedAtS = Math.floor(Date.now() / 1000)
  const anon = await signApiKey(jwtSecret, { role: 'anon', ref: REF, issuedAtS })
  const place = { socket: world.runtime.socket, anon }
  if (isWanted('timing')) {
    const { existing, missing, difference, answers } = await benchTiming(place, signIns)
    say(`\n## a wrong password, of somebody and of nobody (${signIns} sign-ins, ms)\n`)
    const row = (name: string, of: typeof existing) => [name, round(of.p50, 2), round(of.p95, 2)]
    say(markdown(['', 'p50', 'p95'], [row('somebody', existing), row('nobody', missing)]))
    say(`\ndifference of the medians: ${round(difference, 2)} ms; distinct answers: ${answers.length}`)
  }
  if (isWanted('refresh')) {
    const pgbench = await startPgbench(world.db)
    try {
      const found = await benchRefresh({ place, world, pgbench }, load)
      say(`\n## refreshes, ${load.connections} callers (${load.rounds} rounds of ${load.seconds} s)\n`)
      const ours = [round(found.perSecond), round(found.p50Ms, 1), round(found.p99Ms, 1)]
      const limit = [round(found.limitPerSecond), round(found.ratio, 2)]
      const times = [round(found.runtimeUs), round(found.dbUs)]
      const head = ['per second', 'p50 ms', 'p99 ms', 'pgbench, per second', 'of it', 'CPU us runtime', 'db']
      say(markdown(head, [[...ours, ...limit, ...times]]))
    } finally {
      await pgbench.stop()
    }
  }
  if (isWanted('beside')) {
    const { alone, beside, ratio, signInsPerSecond } = await benchBeside({ place, jwtSecret }, load)
    say(`\n## REST beside sign-ins, ms (${load.rounds} rounds of ${load.seconds} s)\n`)
    const cells = [alone.p50, alone.p99, beside.p50, beside.p99].map((ms) => round(ms, 1))
    const head = ['p50', 'p99', 'p50 beside', 'p99 beside', 'p99 ratio', 'sign-ins per second']
    say(markdown(head, [[...cells, round(ratio, 2), round(signInsPerSecond, 1)]]))
  }
}
