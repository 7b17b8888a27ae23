/** PKCE: what a caller began with, until it comes back with the code. */
import { randomUUID } from 'node:crypto'
import type { Db, FlowRow } from './rows.ts'

type NewFlow = {
  userId: string | null
  challenge: string
  challengeMethod: 's256' | 'plain'
  providerType: string
  method: string
  at: Date
}

export async function insertFlow(db: Db, made: NewFlow): Promise<FlowRow> {
  const { userId, challenge, challengeMethod, providerType, method, at } = made
  await dropOld(db, at)
  const [row] = await db<FlowRow[]>`
    insert into auth.flow_state
      (id, user_id, auth_code, code_challenge, code_challenge_method, provider_type, authentication_method, created_at, updated_at)
    values (${randomUUID()}, ${userId}, ${randomUUID()}, ${challenge}, ${challengeMethod}, ${providerType}, ${method}, ${at}, ${at})
    returning *`
  if (!row) throw new Error('an insert returned no row')
  return row
}

type NewProviderFlow = {
  provider: string
  /** What we prove to the provider with. */
  verifier: string
  challenge: { challenge: string; method: 's256' | 'plain' } | undefined
  referrer: string
  /** Whose further identity it is to be, and the session that asked for it. */
  linking: { userId: string; sessionId: string } | null
  at: Date
}

/** A sign-in that goes through a provider: what comes back names it by its id. */
export async function insertProviderFlow(db: Db, made: NewProviderFlow): Promise<FlowRow> {
  const { provider, verifier, challenge, referrer, linking, at } = made
  const [id, stateId] = [randomUUID(), randomUUID()]
  await dropOld(db, at)
  await db`
    insert into auth.oauth_client_states (id, provider_type, code_verifier, created_at)
    values (${stateId}, ${provider}, ${verifier}, ${at})`
  const [row] = await db<FlowRow[]>`
    insert into auth.flow_state
      (id, auth_code, code_challenge, code_challenge_method, provider_type, authentication_method, referrer,
       oauth_client_state_id, linking_target_id, linking_session_id, created_at, updated_at)
    values (${id}, ${randomUUID()}, ${challenge?.challenge ?? null}, ${challenge?.method ?? null}, ${provider}, 'oauth',
      ${referrer}, ${stateId}, ${linking?.userId ?? null}, ${linking?.sessionId ?? null}, ${at}, ${at})
    returning *`
  if (!row) throw new Error('an insert returned no row')
  return row
}

/** What a provider is answered with counts once: the verifier is taken, and with it the way back. */
export async function takeProviderFlow(
  db: Db,
  id: string,
): Promise<{ flow: FlowRow; verifier: string } | undefined> {
  const [flow] = await db<FlowRow[]>`
    select * from auth.flow_state where id = ${id} and oauth_client_state_id is not null for update`
  if (!flow?.oauth_client_state_id) return undefined
  const [state] = await db<{ code_verifier: string }[]>`
    delete from auth.oauth_client_states where id = ${flow.oauth_client_state_id} returning code_verifier`
  return state && { flow, verifier: state.code_verifier }
}

/** The latest of a user that waits for a mail of this kind to be followed. */
export async function findFlowOfUser(db: Db, userId: string, method: string): Promise<FlowRow | undefined> {
  const [row] = await db<FlowRow[]>`
    select * from auth.flow_state where user_id = ${userId} and authentication_method = ${method}
    order by created_at desc limit 1`
  return row
}

export async function lockFlow(db: Db, id: string): Promise<FlowRow | undefined> {
  const [row] = await db<FlowRow[]>`select * from auth.flow_state where id = ${id} for update`
  return row
}

/** Not locked: its user is, first. */
export async function findFlowByCode(db: Db, code: string): Promise<FlowRow | undefined> {
  const [row] = await db<FlowRow[]>`select * from auth.flow_state where auth_code = ${code}`
  return row
}

/** Of one that is locked: a code counts once. */
export async function dropFlow(db: Db, id: string): Promise<void> {
  await db`delete from auth.flow_state where id = ${id}`
}

export async function issueCode(
  db: Db,
  id: string,
  issued: {
    userId: string
    at: Date
    accessToken?: string | null
    refreshToken?: string | null
    sessionNotAfter?: Date | null
  },
): Promise<void> {
  const { userId, at, accessToken = null, refreshToken = null, sessionNotAfter = null } = issued
  await db`
    update auth.flow_state
    set user_id = ${userId}, auth_code_issued_at = ${at}, updated_at = ${at},
      provider_access_token = ${accessToken}, provider_refresh_token = ${refreshToken},
      session_not_after = ${sessionNotAfter}
    where id = ${id}`
}

/** Codes that are in somebody's hands. A flow that still waits for its mail goes on, if the mail does. */
export async function dropIssuedCodes(db: Db, userId: string): Promise<void> {
  await db`delete from auth.flow_state where user_id = ${userId} and auth_code_issued_at is not null`
}

/** Twice as long as the longest of them counts. */
const KEPT_MS = 48 * 3_600_000
/** With each new one a few go: their number cannot grow, and nobody waits for a great clearing. */
const AT_ONCE = 20

/**
 * Those that nobody came back from. Of whomever they are, and so in nobody's order: what somebody else has in hand stays
 * until the next time.
 */
async function dropOld(db: Db, at: Date): Promise<void> {
  const before = new Date(at.getTime() - KEPT_MS)
  await db`
    delete from auth.flow_state where id in (
      select id from auth.flow_state where created_at < ${before} limit ${AT_ONCE} for update skip locked)`
  await db`
    delete from auth.oauth_client_states where id in (
      select id from auth.oauth_client_states where created_at < ${before} limit ${AT_ONCE} for update skip locked)`
}
