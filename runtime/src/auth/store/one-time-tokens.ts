/** What is sent by mail or message and counts once: stored as a digest, with the tries that missed it. */
import { randomUUID } from 'node:crypto'
import type { Db, OneTimeKind, OneTimeRow } from './rows.ts'

type NewToken = { userId: string; kind: OneTimeKind; hash: string; relatesTo: string; at: Date }

/** In place of an earlier one of its kind. */
export async function putOneTimeToken(db: Db, made: NewToken): Promise<void> {
  const { userId, kind, hash, relatesTo, at } = made
  await dropOneTimeTokens(db, userId, [kind])
  await db`
    insert into auth.one_time_tokens (id, user_id, token_type, token_hash, relates_to, created_at, updated_at)
    values (${randomUUID()}, ${userId}, ${kind}, ${hash}, ${relatesTo}, ${at.toISOString()}, ${at.toISOString()})`
}

export async function findOneTimeTokenByHash(
  db: Db,
  hash: string,
  kinds: readonly OneTimeKind[],
): Promise<OneTimeRow | undefined> {
  const [row] = await db<OneTimeRow[]>`
    select *, created_at at time zone 'utc' as created_at from auth.one_time_tokens
    where token_hash = ${hash} and token_type::text in ${db(kinds)} limit 1`
  return row
}

export async function listOneTimeTokens(
  db: Db,
  userId: string,
  kinds: readonly OneTimeKind[],
): Promise<OneTimeRow[]> {
  return db<OneTimeRow[]>`
    select *, created_at at time zone 'utc' as created_at from auth.one_time_tokens
    where user_id = ${userId} and token_type::text in ${db(kinds)} for update`
}

/** A wrong guess. At the last allowed one the token is gone. */
export async function countMiss(db: Db, ids: readonly string[], attemptsMax: number): Promise<void> {
  if (ids.length === 0) return
  await db`update auth.one_time_tokens set attempts = attempts + 1 where id in ${db(ids)}`
  await db`delete from auth.one_time_tokens where id in ${db(ids)} and attempts >= ${attemptsMax}`
}

/** @param kinds all when absent. */
export async function dropOneTimeTokens(
  db: Db,
  userId: string,
  kinds?: readonly OneTimeKind[],
): Promise<void> {
  if (kinds === undefined) await db`delete from auth.one_time_tokens where user_id = ${userId}`
  else
    await db`delete from auth.one_time_tokens where user_id = ${userId} and token_type::text in ${db(kinds)}`
}

/** That one alone. @returns whether it was still there. */
export async function dropOneTimeToken(
  db: Db,
  { userId, hash }: { userId: string; hash: string },
): Promise<boolean> {
  const gone = await db`
    delete from auth.one_time_tokens where user_id = ${userId} and token_hash = ${hash}`
  return gone.count > 0
}
