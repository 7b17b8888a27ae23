/** The refresh of a person's own session as one statement, for the many that go well: one trip, and no transaction to begin and end. */
import type { Db, FactorRow, IdentityRow, SessionRow, UserRow } from './rows.ts'
import type { Amr } from './sessions.ts'

export type Rotation = {
  /** As the token may stand in the table. */
  forms: readonly string[]
  /** As the next one is to stand there. */
  next: string
  at: Date
  userAgent: string | null
  ip: string | null
  /** Sessions that began before, or were used last before, have ended; null where none has. */
  begunAfter: Date | null
  usedAfter: Date | null
}

export type Rotated = {
  user: UserRow
  session: Pick<SessionRow, 'id' | 'aal' | 'not_after' | 'oauth_client_id' | 'scopes'>
  amr: Amr[]
  identities: IdentityRow[]
  factors: FactorRow[]
}

type Row = UserRow & { session: Told<Pick<SessionRow, 'id' | 'aal' | 'not_after'>>; amr: Amr[] } & {
  own_identities: Told<IdentityRow>[]
  own_factors: Told<FactorRow>[]
}
/** Times as JSON has them. */
type Told<Of> = {
  [Name in keyof Of]: Of[Name] extends Date ? string : Of[Name] extends Date | null ? string | null : Of[Name]
}

/**
 * The session is locked before its token is: in the order in which everybody else takes both. Of two at once the second
 * finds the token used, for an update looks at a row again once it has waited for it.
 *
 * @returns undefined when the token is not one to be used now, for whatever reason: then nothing was written.
 */
export async function rotate(db: Db, rotation: Rotation): Promise<Rotated | undefined> {
  const { forms, next, at, userAgent, ip, begunAfter, usedAfter } = rotation
  const [row] = await db<Row[]>`
    with found as materialized (
      select id, session_id from auth.refresh_tokens where token in ${db(forms)} and not revoked limit 1
    ), locked as materialized (
      select id, user_id, aal, not_after from auth.sessions
      where id = (select session_id from found) and oauth_client_id is null and (not_after is null or not_after >= ${at})
        and (${begunAfter}::timestamptz is null or created_at >= ${begunAfter})
        and (${usedAfter}::timestamptz is null or coalesce(refreshed_at at time zone 'utc', created_at) >= ${usedAfter})
      for update
    ), owner as materialized (
      select u.* from auth.users u join locked on u.id = locked.user_id
      where u.deleted_at is null and (u.banned_until is null or u.banned_until <= ${at})
    ), used as (
      update auth.refresh_tokens t set revoked = true, updated_at = ${at} from found, locked, owner
      where t.id = found.id and not t.revoked returning t.token, t.user_id, t.session_id
    ), inserted as (
      insert into auth.refresh_tokens (token, user_id, session_id, parent, revoked, created_at, updated_at)
      select ${next}, user_id, session_id, token, false, ${at}, ${at} from used
    ), touched as (
      update auth.sessions s
      set refreshed_at = ${at}::timestamptz at time zone 'utc', updated_at = ${at}, user_agent = ${userAgent}, ip = ${ip}
      from used where s.id = used.session_id
    ), told as (
      insert into auth.audit_log_entries (id, payload, created_at, ip_address)
      select gen_random_uuid(), json_build_object('action', 'token_refreshed', 'actor_id', owner.id,
          'actor_username', coalesce(owner.email, owner.phone, ''), 'actor_via_sso', owner.is_sso_user,
          'log_type', 'token'), ${at}, coalesce(${ip}::text, '')
      from owner, used
    )
    select owner.*, jsonb_build_object('id', locked.id, 'aal', locked.aal, 'not_after', locked.not_after) as session,
      (select coalesce(jsonb_agg(jsonb_build_object('method', authentication_method,
          'timestamp', extract(epoch from updated_at)::int) order by updated_at desc), '[]')
        from auth.mfa_amr_claims where session_id = locked.id) as amr,
      (select coalesce(jsonb_agg(to_jsonb(i) order by i.created_at, i.provider), '[]')
        from auth.identities i where i.user_id = owner.id) as own_identities,
      (select coalesce(jsonb_agg(to_jsonb(f) - 'secret' - 'web_authn_credential' order by f.created_at), '[]')
        from auth.mfa_factors f where f.user_id = owner.id) as own_factors
    from owner, locked, used`
  if (!row) return undefined
  const { session, amr, own_identities, own_factors, ...user } = row
  const notAfter = session.not_after === null ? null : new Date(session.not_after)
  return {
    ...{ user, amr },
    session: { ...session, not_after: notAfter, oauth_client_id: null, scopes: null },
    identities: own_identities.map((told) => ({ ...told, ...times(told, ['last_sign_in_at']) })),
    factors: own_factors.map((told) => ({
      ...told,
      ...{ secret: null, web_authn_credential: null, ...times(told, ['last_challenged_at']) },
    })),
  }
}

type Timed = { created_at: string; updated_at: string }

function times<Name extends string>(told: Timed & { [Key in Name]: string | null }, names: readonly Name[]) {
  const more = Object.fromEntries(
    names.map((name) => [name, told[name] === null ? null : new Date(told[name])]),
  )
  return {
    ...(more as { [Key in Name]: Date | null }),
    ...{ created_at: new Date(told.created_at), updated_at: new Date(told.updated_at) },
  }
}
