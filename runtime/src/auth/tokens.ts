/** Access tokens, signed with the project's secret or with the key its settings name; and ID tokens. */
import { createHmac } from 'node:crypto'
import type { AuthSettings } from '@cascata/shared/auth-settings'
import type { importJWK, JWK } from 'jose'
import { type Context, issuerOf } from './context.ts'
import type { Aal, UserRow } from './store/rows.ts'
import type { Amr } from './store/sessions.ts'

export type AccessTokenInput = {
  user: UserRow
  sessionId: string
  aal: Aal
  amr: readonly (Amr & { provider?: string })[]
  nowS: number
  /** The application that it is for, and what it was granted. */
  client?: { id: string; scopes: string | null } | undefined
  /** When the session ends: no token outlives it. */
  notAfter: Date | null
}

export type AccessToken = { token: string; expiresAt: number; expiresIn: number }

type Signing = Pick<Context, 'project'>

/** Claims of a user's access token, before any hook. */
export function claimsOf(context: Signing, input: AccessTokenInput): Record<string, unknown> {
  const { user, sessionId, aal, amr, nowS, client, notAfter } = input
  const { jwt } = context.project.settings()
  const end = nowS + jwt.expiryS
  return {
    iss: issuerOf(context),
    sub: user.id,
    aud: user.aud || jwt.audience,
    exp: notAfter === null ? end : Math.min(end, Math.max(nowS + 1, Math.floor(notAfter.getTime() / 1000))),
    iat: nowS,
    email: user.email ?? '',
    phone: user.phone ?? '',
    app_metadata: user.raw_app_meta_data ?? {},
    user_metadata: user.raw_user_meta_data ?? {},
    role: user.role ?? '',
    aal,
    amr,
    session_id: sessionId,
    is_anonymous: user.is_anonymous,
    ...(client ? { client_id: client.id, scope: client.scopes ?? '' } : {}),
  }
}

export async function signAccessToken(
  context: Signing,
  claims: Record<string, unknown>,
): Promise<AccessToken> {
  const signing = signingKeyOf(context.project.settings())
  const token =
    signing === undefined
      ? signWithSecret(claims, context.project.jwtSecret())
      : await signWithKey(claims, signing)
  const expiresAt = Number(claims.exp)
  return { token, expiresAt, expiresIn: expiresAt - Number(claims.iat) }
}

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

const HEADER = encoded({ alg: 'HS256', typ: 'JWT' })

/** At once: the Web Crypto that jose uses would have a thread do what takes a few microseconds. */
function signWithSecret(claims: Record<string, unknown>, secret: string): string {
  const text = `${HEADER}.${encoded(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

/** A key is read once, and forgotten with the settings that it stands in. */
const imported = new WeakMap<JWK, ReturnType<typeof importJWK>>()

async function signWithKey(claims: Record<string, unknown>, jwk: JWK): Promise<string> {
  const { SignJWT, importJWK } = await import('jose')
  const key = imported.get(jwk) ?? importJWK({ ...jwk, key_ops: ['sign'] }, algorithmOf(jwk))
  imported.set(jwk, key)
  const header = { alg: algorithmOf(jwk), typ: 'JWT', ...(jwk.kid === undefined ? {} : { kid: jwk.kid }) }
  return new SignJWT(claims).setProtectedHeader(header).sign(await key)
}

/** Its public half is there for everybody. */
const openKeyOf = (settings: AuthSettings): JWK | undefined => {
  const key = signingKeyOf(settings)
  return key?.kty === 'oct' ? undefined : key
}

/** Without a key that others may check with, the application's own secret signs (OpenID Connect Core, 10.1). */
export const signsIdTokens = ({ project }: Signing, isConfidential: boolean): boolean =>
  isConfidential || openKeyOf(project.settings()) !== undefined

/** @returns undefined when there is nothing that the application could check it with. */
export async function signIdToken(
  { project }: Signing,
  claims: Record<string, unknown>,
  clientSecret: string | undefined,
): Promise<string | undefined> {
  const key = openKeyOf(project.settings())
  if (key !== undefined) return signWithKey(claims, key)
  return clientSecret === undefined ? undefined : signWithSecret(claims, clientSecret)
}

const signingKeyOf = ({ jwt }: AuthSettings): JWK | undefined => {
  const keys = jwt.keys as readonly JWK[]
  return keys.find(({ key_ops: operations }) => operations?.includes('sign')) ?? keys[0]
}

const algorithmOf = ({ alg, kty }: JWK): string =>
  alg ?? (kty === 'RSA' ? 'RS256' : kty === 'oct' ? 'HS256' : 'ES256')

const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** What anybody may check tokens with. A shared secret is none of that. */
export function publicKeys({ jwt }: AuthSettings): JWK[] {
  return (jwt.keys as readonly JWK[])
    .filter(({ kty }) => kty !== 'oct')
    .map((key) => {
      const shown = Object.fromEntries(Object.entries(key).filter(([name]) => !PRIVATE.includes(name)))
      return { ...shown, alg: algorithmOf(key), use: 'sig', key_ops: ['verify'] } as JWK
    })
}
