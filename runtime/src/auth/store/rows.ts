/** Rows of the schema `auth`, as GoTrue names their columns. Times are Dates. */
import type { Sql, TransactionSql } from 'postgres'

/** A connection, or the transaction under way: queries do not care. */
export type Db = Sql | TransactionSql

export type Json = Readonly<Record<string, unknown>>

export type UserRow = {
  id: string
  aud: string | null
  role: string | null
  email: string | null
  encrypted_password: string | null
  email_confirmed_at: Date | null
  invited_at: Date | null
  confirmation_sent_at: Date | null
  recovery_sent_at: Date | null
  email_change: string | null
  email_change_sent_at: Date | null
  /** Of two halves of a double confirmation: which is proven (`address-changes.ts`). */
  email_change_confirm_status: number | null
  phone: string | null
  phone_confirmed_at: Date | null
  phone_change: string | null
  phone_change_sent_at: Date | null
  confirmed_at: Date | null
  reauthentication_sent_at: Date | null
  last_sign_in_at: Date | null
  raw_app_meta_data: Json | null
  raw_user_meta_data: Json | null
  banned_until: Date | null
  is_sso_user: boolean
  is_anonymous: boolean
  /** Asked for by who may have been two, before it was confirmed: whose what is in it was, nobody knows. */
  sign_up_contested: boolean
  deleted_at: Date | null
  created_at: Date
  updated_at: Date
}

export type IdentityRow = {
  id: string
  provider_id: string
  user_id: string
  identity_data: Json
  provider: string
  email: string | null
  last_sign_in_at: Date | null
  created_at: Date
  updated_at: Date
}

export type FactorRow = {
  id: string
  user_id: string
  friendly_name: string | null
  factor_type: 'totp' | 'phone' | 'webauthn'
  status: 'unverified' | 'verified'
  secret: string | null
  phone: string | null
  last_challenged_at: Date | null
  /** Of the code that was taken last. */
  last_totp_step: number | null
  web_authn_credential: Json | null
  created_at: Date
  updated_at: Date
}

export type Aal = 'aal1' | 'aal2' | 'aal3'

export type SessionRow = {
  id: string
  user_id: string
  factor_id: string | null
  aal: Aal | null
  not_after: Date | null
  refreshed_at: Date | null
  user_agent: string | null
  ip: string | null
  /** Of the application that holds it; null is the person's own. */
  oauth_client_id: string | null
  /** What the application was granted. */
  scopes: string | null
  created_at: Date
  updated_at: Date
}

export type RefreshTokenRow = {
  id: string
  token: string
  user_id: string
  parent: string | null
  revoked: boolean
  session_id: string | null
  created_at: Date
  updated_at: Date
}

export type OneTimeKind =
  | 'confirmation_token'
  | 'reauthentication_token'
  | 'recovery_token'
  | 'email_change_token_new'
  | 'email_change_token_current'
  | 'phone_change_token'

export type OneTimeRow = {
  id: string
  user_id: string
  token_type: OneTimeKind
  token_hash: string
  relates_to: string
  attempts: number
  created_at: Date
}

export type FlowRow = {
  id: string
  user_id: string | null
  auth_code: string
  /** Null in the implicit flow, which ends with a session and not with a code. */
  code_challenge_method: 's256' | 'plain' | null
  code_challenge: string | null
  provider_type: string
  provider_access_token: string | null
  provider_refresh_token: string | null
  authentication_method: string
  auth_code_issued_at: Date | null
  /** Where the person is sent at the end. */
  referrer: string | null
  /** Whose further identity it is to be. */
  linking_target_id: string | null
  /** And in which session it was asked for. */
  linking_session_id: string | null
  oauth_client_state_id: string | null
  /** When the session at the identity provider ends. */
  session_not_after: Date | null
  created_at: Date
}
