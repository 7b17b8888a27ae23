/** From what providers say of a person to the names GoTrue has for it. Pure; nothing here is trusted to be what it should. */
import { CLAIM_CHARACTERS_MAX, CUSTOM_CLAIMS_BYTES_MAX } from './limits.ts'
import type { ProviderUser } from './provider.ts'

export type Json = Readonly<Record<string, unknown>>

export type Person = {
  issuer: string
  sub: unknown
  email?: unknown
  emailVerified?: unknown
  phone?: unknown
  name?: unknown
  userName?: unknown
  avatar?: unknown
  /** Under names of their own. */
  more?: Json | undefined
  custom?: Json | undefined
}

export const asRecord = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}

export const asRecords = (value: unknown): Json[] => (Array.isArray(value) ? value.map(asRecord) : [])

export const asText = (value: unknown): string | undefined => {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  const isText = typeof value === 'string' && value !== '' && value.length <= CLAIM_CHARACTERS_MAX
  return isText ? value.toWellFormed().replaceAll('\0', '') : undefined
}

/** Some write it as text. */
export const isTrue = (value: unknown): boolean => value === true || value === 'true'

/** Undefined when there is nobody: no id. */
export function toProviderUser(person: Person): ProviderUser | undefined {
  const sub = asText(person.sub)
  if (sub === undefined || sub.length > 255) return undefined
  const email = asEmail(person.email)
  const emailVerified = email !== null && person.emailVerified === true
  const phone = asText(person.phone)
  const [name, avatar, userName] = [person.name, person.avatar, person.userName].map(asText)
  const custom = person.custom && Object.keys(person.custom).length > 0 ? person.custom : undefined
  const claims = {
    ...{ ...person.more, iss: person.issuer, sub, provider_id: sub, name, full_name: name },
    ...{ avatar_url: avatar, picture: avatar, user_name: userName, preferred_username: userName },
    ...{ email: email ?? undefined, email_verified: emailVerified, phone, phone_verified: false },
    custom_claims: custom,
  }
  const told = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
  return { sub, email, emailVerified, ...(phone === undefined ? {} : { phone }), claims: told }
}

function asEmail(value: unknown): string | null {
  const text = asText(value)
  return text !== undefined && text.length <= 320 && /^[^\s@]+@[^\s@]+$/.test(text) ? text : null
}

const STANDARD = [
  ...['given_name', 'family_name', 'middle_name', 'nickname', 'profile', 'website', 'gender', 'birthdate'],
  ...['zoneinfo', 'locale'],
]

/** Of the protocol or ours to say, and no fact about the person. */
const PROTOCOL = new Set([
  ...[
    'iss',
    'sub',
    'aud',
    'azp',
    'exp',
    'iat',
    'nbf',
    'jti',
    'nonce',
    'at_hash',
    'c_hash',
    's_hash',
    'auth_time',
  ],
  ...[
    'acr',
    'amr',
    'sid',
    'typ',
    'session_state',
    'nonce_supported',
    'name',
    'picture',
    'preferred_username',
  ],
  ...['email', 'email_verified', 'phone_number', 'phone_number_verified', 'updated_at', 'role', ...STANDARD],
])

/** OpenID Connect's standard claims (Core, 5.1). */
export function toOidcPerson(issuer: string, claims: Json): Person {
  const more = STANDARD.flatMap((name) => {
    const text = asText(claims[name])
    return text === undefined ? [] : [[name, text]]
  })
  return {
    ...{ issuer, sub: claims.sub, email: claims.email, emailVerified: isTrue(claims.email_verified) },
    ...{ phone: claims.phone_number, name: claims.name, avatar: claims.picture },
    ...{ userName: claims.preferred_username, more: Object.fromEntries(more), custom: customOf(claims) },
  }
}

function customOf(claims: Json): Json | undefined {
  const custom = Object.fromEntries(Object.entries(claims).filter(([name]) => !PROTOCOL.has(name)))
  return JSON.stringify(custom).length > CUSTOM_CLAIMS_BYTES_MAX ? undefined : custom
}
