/**
 * Refreshes a second: each caller goes on with the token it was given last, as a client does. Beside it pgbench with the
 * statements of a refresh and nothing in between: more than that there cannot be.
 */
import type { Sql } from 'postgres'
import { median } from '../figures.ts'
import type { Pgbench } from '../rest/pgbench.ts'
import type { World } from '../rest/world.ts'
import { type Asker, createAsker, type Place, signUp } from './ask.ts'

export type RefreshFigures = {
  perSecond: number
  p50Ms: number
  p99Ms: number
  /** Of the same statements by pgbench. */
  limitPerSecond: number
  ratio: number
  /** Processor time of one, of the runtime and of the database. */
  runtimeUs: number
  dbUs: number
}

type Load = { connections: number; seconds: number; rounds: number }

const PATH = '/token?grant_type=refresh_token'

export async function benchRefresh(
  { place, world, pgbench }: { place: Place; world: World; pgbench: Pgbench },
  { connections, seconds, rounds }: Load,
): Promise<RefreshFigures> {
  const asker = createAsker(place, connections)
  const tokens: string[] = []
  for (let at = 0; at < connections; at += 1) {
    tokens.push((await signUp(asker, `refreshed-${at}-${Date.now()}@example.com`)).refreshToken)
  }
  await seed(world.db.admin)
  await run(asker, tokens, 1)
  const used = () => Promise.all([world.runtime.meter.cpuUs(), world.db.meter.cpuUs()])
  const measured: { ours: Run; limit: number; runtimeUs: number; dbUs: number }[] = []
  for (let round = 0; round < rounds; round += 1) {
    const [runtimeFrom, dbFrom] = await used()
    const ours = await run(asker, tokens, seconds)
    const [runtimeTo, dbTo] = await used()
    const { perSecond } = await pgbench.run(SCRIPT, { connections, seconds })
    const of = (from: number, to: number) => (to - from) / ours.count
    const times = { runtimeUs: of(runtimeFrom, runtimeTo), dbUs: of(dbFrom, dbTo) }
    measured.push({ ours, limit: perSecond, ...times })
  }
  asker.close()
  const middle = (of: (each: (typeof measured)[number]) => number) => median(measured.map(of))
  return {
    ...{ perSecond: middle(({ ours }) => ours.perSecond), p50Ms: middle(({ ours }) => ours.p50) },
    ...{ p99Ms: middle(({ ours }) => ours.p99), limitPerSecond: middle(({ limit }) => limit) },
    ratio: middle(({ ours, limit }) => ours.perSecond / limit),
    ...{ runtimeUs: middle((each) => each.runtimeUs), dbUs: middle((each) => each.dbUs) },
  }
}

type Run = { count: number; perSecond: number; p50: number; p99: number }

/** @param tokens one of each caller; those that it got last stand there afterwards. */
async function run(asker: Asker, tokens: string[], seconds: number): Promise<Run> {
  const took: number[] = []
  const from = performance.now()
  const until = from + seconds * 1_000
  const caller = async (at: number) => {
    while (performance.now() < until) {
      const { status, ms, text } = await asker.post(PATH, { refresh_token: tokens[at] })
      if (status !== 200) throw new Error(`a refresh was answered with ${status}: ${text}`)
      tokens[at] = (JSON.parse(text) as { refresh_token: string }).refresh_token
      took.push(ms)
    }
  }
  await Promise.all(tokens.map((_, at) => caller(at)))
  const sorted = took.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN
  const perSecond = took.length / ((performance.now() - from) / 1_000)
  return { count: took.length, perSecond, p50: at(0.5), p99: at(0.99) }
}

const SESSIONS = 1_000
const ID = `md5('bench-' || :n)::uuid`

/** Users with a session each, whose ids pgbench can work out. */
async function seed(admin: Sql): Promise<void> {
  await admin
    .unsafe(`
      insert into auth.users (id, aud, role, email, created_at, updated_at, raw_app_meta_data, raw_user_meta_data)
        select md5('bench-' || n)::uuid, 'authenticated', 'authenticated', 'limit-' || n || '@example.com', now(), now(), '{}', '{}'
        from generate_series(1, ${SESSIONS}) n on conflict do nothing;
      insert into auth.sessions (id, user_id, aal, created_at, updated_at)
        select md5('bench-' || n)::uuid, md5('bench-' || n)::uuid, 'aal1', now(), now()
        from generate_series(1, ${SESSIONS}) n on conflict do nothing;
      insert into auth.mfa_amr_claims (id, session_id, authentication_method, created_at, updated_at)
        select md5('bench-' || n)::uuid, md5('bench-' || n)::uuid, 'password', now(), now()
        from generate_series(1, ${SESSIONS}) n on conflict do nothing;
      insert into auth.refresh_tokens (token, user_id, session_id, revoked, created_at, updated_at)
        select 'bench-' || n || '-' || clock_timestamp(), md5('bench-' || n)::uuid, md5('bench-' || n)::uuid, false, now(), now()
        from generate_series(1, ${SESSIONS}) n`)
    .simple()
  await admin.unsafe('analyze auth.users, auth.sessions, auth.refresh_tokens, auth.mfa_amr_claims')
}

/** As runtime/src/auth/sign-in.ts has them, but all in one trip. */
const SCRIPT = {
  set: `\\set n random(1, ${SESSIONS})`,
  settings: { role: `'supabase_auth_admin'`, search_path: `'auth, pg_temp'` },
  sql: `
    select * from auth.sessions where id = ${ID} for update;
    select * from auth.refresh_tokens where session_id = ${ID} and not revoked order by id desc limit 1;
    select * from auth.users where id = ${ID} and deleted_at is null;
    update auth.refresh_tokens set revoked = true, updated_at = now() where session_id = ${ID} and not revoked;
    insert into auth.refresh_tokens (token, user_id, session_id, revoked, created_at, updated_at)
      values (md5(random()::text || clock_timestamp()), ${ID}, ${ID}, false, now(), now());
    update auth.sessions set refreshed_at = now(), updated_at = now() where id = ${ID};
    select * from auth.identities where user_id = ${ID};
    select * from auth.mfa_factors where user_id = ${ID};
    select authentication_method, updated_at from auth.mfa_amr_claims where session_id = ${ID}`,
}
