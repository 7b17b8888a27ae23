/** What callers of the REST API feel of sign-ins that take all the hashing there is, on the same runtime. */
import { setTimeout as pause } from 'node:timers/promises'
import { SignJWT } from 'jose'
import { median, percentile } from '../figures.ts'
import { TEAM, topics } from '../rest/schema.ts'
import { type Asker, createAsker, PASSWORD, type Place, signUp } from './ask.ts'

export type BesideFigures = {
  alone: Latencies
  beside: Latencies
  /** Of the p99 beside sign-ins to that alone: the median over rounds. */
  ratio: number
  signInsPerSecond: number
}
type Latencies = { p50: number; p99: number }

type Load = { seconds: number; rounds: number }

const PER_SECOND = 100
/** Fewer than may wait: none is refused. */
const SIGNING_IN = 16

export async function benchBeside(
  { place, jwtSecret }: { place: Place; jwtSecret: string },
  { seconds, rounds }: Load,
): Promise<BesideFigures> {
  const rest = createAsker(place, 32)
  const auth = createAsker(place, SIGNING_IN)
  const email = `beside-${Date.now()}@example.com`
  await signUp(auth, email)
  const token = await new SignJWT({ role: 'authenticated', sub: 'bench', team: TEAM })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(jwtSecret))
  const probe = (forSeconds: number) => measure(rest, token, forSeconds)
  await probe(2)
  const measured: { alone: Latencies; beside: Latencies; signIns: number }[] = []
  for (let round = 0; round < rounds; round += 1) {
    const alone = await probe(seconds)
    const load = signingIn(auth, email)
    await pause(500)
    const beside = await probe(seconds)
    measured.push({ alone, beside, signIns: await load.stop() })
  }
  rest.close()
  auth.close()
  const middle = (of: (each: (typeof measured)[number]) => number) => median(measured.map(of))
  return {
    alone: { p50: middle(({ alone }) => alone.p50), p99: middle(({ alone }) => alone.p99) },
    beside: { p50: middle(({ beside }) => beside.p50), p99: middle(({ beside }) => beside.p99) },
    ratio: middle(({ alone, beside }) => beside.p99 / alone.p99),
    signInsPerSecond: middle(({ signIns }) => signIns),
  }
}

function signingIn(auth: Asker, email: string): { stop(): Promise<number> } {
  const from = performance.now()
  let [done, isOver] = [0, false]
  const caller = async () => {
    while (!isOver) {
      const { status, text } = await auth.post('/token?grant_type=password', { email, password: PASSWORD })
      if (status !== 200) throw new Error(`a sign-in was answered with ${status}: ${text}`)
      done += 1
    }
  }
  const callers = Promise.all(Array.from({ length: SIGNING_IN }, caller))
  return {
    async stop() {
      isOver = true
      await callers
      return done / ((performance.now() - from) / 1_000)
    },
  }
}

/** Requests come at their times, whether or not those before were answered: what waits is felt. */
async function measure(rest: Asker, token: string, seconds: number): Promise<Latencies> {
  const headers = { authorization: `Bearer ${token}` }
  const wanted = topics()
  const took: number[] = []
  const ask = async (at: number) => {
    const path = `/rest/v1/notes?select=id,topic,body&topic=eq.${wanted[at % wanted.length]}&order=id`
    const { status, ms, text } = await rest.get(path, headers)
    if (status !== 200) throw new Error(`REST answered ${status}: ${text}`)
    took.push(ms)
  }
  const startedAt = performance.now()
  const asked: Promise<void>[] = []
  for (let at = 0; at < seconds * PER_SECOND; at += 1) {
    const early = startedAt + (at * 1_000) / PER_SECOND - performance.now()
    if (early > 0) await pause(early)
    asked.push(ask(at))
  }
  await Promise.all(asked)
  const sorted = took.toSorted((a, b) => a - b)
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) }
}
