/** Users, found and written. No rules: who may do what is decided before. */
import { randomUUID } from 'node:crypto'
import type { Db, UserRow } from './rows.ts'

/** GoTrue's own; dumps of Supabase projects have it in every row. */
const INSTANCE = '00000000-0000-0000-0000-000000000000'

export type NewUser = Partial<Omit<UserRow, 'confirmed_at' | 'updated_at'>> & {
  aud: string
  role: string
  created_at: Date
}
export type UserChange = Partial<Omit<UserRow, 'id' | 'confirmed_at' | 'created_at'>>

export async function insertUser(db: Db, user: NewUser): Promise<UserRow> {
  const row = {
    id: randomUUID(),
    instance_id: INSTANCE,
    raw_app_meta_data: {},
    raw_user_meta_data: {},
    ...user,
    updated_at: user.created_at,
  }
  const [made] = await db<UserRow[]>`insert into auth.users ${db(row as never)} returning *`
  if (!made) throw new Error('an insert returned no row')
  return made
}

/** @returns undefined when it is gone. */
export async function updateUser(
  db: Db,
  id: string,
  change: UserChange & { updated_at: Date },
): Promise<UserRow | undefined> {
  const [row] = await db<UserRow[]>`
    update auth.users set ${db(change as never)} where id = ${id} and deleted_at is null returning *`
  return row
}

export async function findUser(db: Db, id: string): Promise<UserRow | undefined> {
  const [row] = await db<UserRow[]>`select * from auth.users where id = ${id} and deleted_at is null`
  return row
}

/** Locked until the transaction ends: changes of one user come one after the other. */
export async function lockUser(db: Db, id: string): Promise<UserRow | undefined> {
  const [row] = await db<UserRow[]>`
    select * from auth.users where id = ${id} and deleted_at is null for update`
  return row
}

/** An address or a number that was to be the user's. */
export async function dropWanted(db: Db, id: string): Promise<void> {
  await db`
    update auth.users set email_change = '', email_change_confirm_status = 0, phone_change = ''
    where id = ${id} and (email_change <> '' or email_change_confirm_status <> 0 or phone_change <> '')`
}

/** Everybody who lets the application in, or is about to; in one order, so that two who do it wait for each other. */
export async function lockUsersOfClient(db: Db, clientId: string): Promise<void> {
  await db`
    select 1 from auth.users
    where id in (
      select user_id from auth.oauth_authorizations where client_id = ${clientId}
      union select user_id from auth.sessions where oauth_client_id = ${clientId}
    )
    order by id for update`
}

/** Single sign-on has addresses of its own: they are nobody's to sign in with by password. */
export async function findUserByEmail(db: Db, email: string): Promise<UserRow | undefined> {
  const [row] = await db<UserRow[]>`
    select * from auth.users
    where lower(email) = ${email} and is_sso_user = false and deleted_at is null
    order by created_at limit 1`
  return row
}

export async function findUserByPhone(db: Db, phone: string): Promise<UserRow | undefined> {
  const [row] = await db<UserRow[]>`
    select * from auth.users where phone = ${phone} and is_sso_user = false and deleted_at is null limit 1`
  return row
}

export async function deleteUser(db: Db, id: string): Promise<boolean> {
  return (await db`delete from auth.users where id = ${id}`).count > 0
}

/** What two sign-ups of one address at once must not both get past. */
export async function lockIdentifier(db: Db, identifier: string): Promise<void> {
  await db`select pg_advisory_xact_lock(hashtextextended(${`auth:${identifier}`}, 0))`
}

const SORTABLE = ['created_at', 'updated_at', 'email', 'phone', 'last_sign_in_at', 'id'] as const
export type UserSort = { column: (typeof SORTABLE)[number]; descending: boolean }

export const isSortable = (name: string): name is UserSort['column'] => SORTABLE.some((each) => each === name)

export type UserPage = { page: number; perPage: number; filter: string | null; sort: readonly UserSort[] }

export async function listUsers(
  db: Db,
  { page, perPage, filter, sort }: UserPage,
): Promise<{ users: UserRow[]; total: number }> {
  const pattern = filter === null ? null : `%${filter.replaceAll(/[\\%_]/g, '\\$&')}%`
  const matching =
    pattern === null
      ? db`deleted_at is null`
      : db`deleted_at is null and (email ilike ${pattern} or phone ilike ${pattern} or raw_user_meta_data ->> 'full_name' ilike ${pattern})`
  const order = sort
    .map(({ column, descending }) => (descending ? db`${db(column)} desc` : db`${db(column)}`))
    .reduce((all, one) => db`${all}, ${one}`)
  const [count] = await db<{ total: number }[]>`
    select count(*)::int as total from auth.users where ${matching}`
  const users = await db<UserRow[]>`
    select * from auth.users where ${matching} order by ${order} limit ${perPage} offset ${(page - 1) * perPage}`
  return { users, total: count?.total ?? 0 }
}
