/** From an assertion to GoTrue's names: who it is, under which address, with which claims. Pure. */
import { CLAIM_CHARACTERS_MAX, CUSTOM_CLAIMS_BYTES_MAX } from '../providers/limits.ts'
import type { Assertion } from './assertion.ts'
import { ID_CHARACTERS_MAX } from './limits.ts'
import type { AttributeMapping } from './mapping.ts'
import { NAME_ID } from './names.ts'

/** OASIS' subject identifier: it outlives a change of name and address. */
const SUBJECT_ID = 'urn:oasis:names:tc:SAML:attribute:subject-id'

const EMAIL_NAMES = [
  'urn:oid:0.9.2342.19200300.100.1.3',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress',
  'http://schemas.xmlsoap.org/claims/EmailAddress',
  ...['mail', 'Mail', 'email'],
]

/** Undefined when nothing tells this person from others for good. */
export function subjectOf(assertion: Assertion): string | undefined {
  const { nameId } = assertion
  const named = nameId?.format === NAME_ID.transient ? undefined : nameId?.value
  const isAddress = nameId?.format === NAME_ID.emailAddress
  const subject = valuesOf(assertion, SUBJECT_ID)[0] ?? (isAddress ? named?.toLowerCase() : named)
  return subject === undefined || subject === '' || subject.length > ID_CHARACTERS_MAX ? undefined : subject
}

/** Undefined when there is none that could be one. */
export function emailOf(assertion: Assertion, mapped: Readonly<Record<string, unknown>>): string | undefined {
  const { nameId } = assertion
  const named = nameId?.format === NAME_ID.emailAddress ? [nameId.value] : []
  const guessed = [...EMAIL_NAMES.flatMap((name) => valuesOf(assertion, name)), ...named]
  const email = typeof mapped.email === 'string' && mapped.email !== '' ? mapped.email : guessed[0]
  const isOne = email !== undefined && email.length <= 255 && /^[^\s@]+@[^\s@]+$/.test(email)
  return isOne ? email : undefined
}

/** Of an attribute by its name, or by its friendly one. Empty ones are none. */
const valuesOf = ({ attributes }: Assertion, name: string): string[] =>
  attributes
    .filter((each) => each.name === name || each.friendlyName === name)
    .flatMap(({ values }) => values)
    .filter((value) => value !== '' && value.length <= CLAIM_CHARACTERS_MAX)

/** What the administrator asked for. */
export function mappedClaims(assertion: Assertion, { keys }: AttributeMapping): Record<string, unknown> {
  const claims = Object.entries(keys ?? {}).flatMap(([key, source]): [string, unknown][] => {
    const names = [...(source.name ? [source.name] : []), ...(source.names ?? [])]
    const values = names.map((name) => valuesOf(assertion, name)).find((found) => found.length > 0)
    if (values) return [[key, source.array ? values : values[0]]]
    return source.default === undefined || source.default === null ? [] : [[key, source.default]]
  })
  return Object.fromEntries(claims)
}

/** Claims of a person that have a place of their own; what else is mapped is custom. */
const STANDARD = new Set([
  ...['name', 'family_name', 'given_name', 'middle_name', 'nickname', 'preferred_username', 'profile'],
  ...['picture', 'website', 'gender', 'birthdate', 'zoneinfo', 'locale', 'updated_at', 'phone'],
  ...['avatar_url', 'full_name', 'provider_id', 'slug', 'user_name'],
])
/** Ours to say, whatever is mapped to them. */
const OWN = new Set(['iss', 'sub', 'email', 'email_verified', 'phone_verified', 'custom_claims'])

/** For `identity_data` and `user_metadata`. */
export function claimsOf(
  mapped: Readonly<Record<string, unknown>>,
  { issuer, sub, email }: { issuer: string; sub: string; email: string },
): Record<string, unknown> {
  const pairs = Object.entries(mapped).filter(([key]) => !OWN.has(key))
  const standard = pairs.filter(([key]) => STANDARD.has(key))
  const custom = Object.fromEntries(pairs.filter(([key]) => !STANDARD.has(key)))
  const isKept = Object.keys(custom).length > 0 && JSON.stringify(custom).length <= CUSTOM_CLAIMS_BYTES_MAX
  return {
    ...Object.fromEntries(standard),
    ...{ iss: issuer, sub, email, email_verified: true, phone_verified: false },
    ...(isKept ? { custom_claims: custom } : {}),
  }
}
