import { describe, expect, test } from 'vitest'
import type { CustomProviderRow } from '../store/custom-providers.ts'
import { definitionOf } from './definition.ts'
import { Change, Creation } from './parameters.ts'

const at = new Date(0)
const row = (more: Partial<CustomProviderRow>): CustomProviderRow => ({
  ...{ id: 'x', provider_type: 'oauth2', identifier: 'custom:acme', name: 'Acme', client_id: 'us' },
  ...{ client_secret: 's', acceptable_client_ids: [], scopes: ['user'], pkce_enabled: true },
  ...{ attribute_mapping: {}, authorization_params: {}, custom_claims_allowlist: [], enabled: true },
  ...{ email_optional: false, issuer: null, discovery_url: null, skip_nonce_check: false },
  ...{ cached_discovery: null, discovery_cached_at: null, jwks_uri: null, created_at: at, updated_at: at },
  authorization_url: 'https://id.example/authorize',
  token_url: 'https://id.example/token',
  userinfo_url: 'https://api.id.example/me',
  ...more,
})
const read = (more: Partial<CustomProviderRow>, claims: object) =>
  definitionOf(row(more), 'public').readProfile?.('https://id.example', claims as never, [])

describe('a person of a custom provider', () => {
  test('is read by the standard’s names where nothing else is said', () => {
    const person = read({}, { sub: '7', email: 'a@b.example', email_verified: true, name: 'Ada' })
    expect(person).toMatchObject({ sub: '7', email: 'a@b.example', emailVerified: true, name: 'Ada' })
  })

  test('is read by other names where they are mapped', () => {
    const attribute_mapping = { sub: 'id', email: 'mail', email_verified: 'mail_ok', user_name: 'login' }
    const person = read({ attribute_mapping }, { id: 7, mail: 'a@b.example', mail_ok: true, login: 'ada' })
    expect(person).toMatchObject({ sub: 7, email: 'a@b.example', emailVerified: true, userName: 'ada' })
  })

  test('has no verified address on anybody’s word but the provider’s', () => {
    expect(read({}, { sub: '7', email: 'a@b.example' })).toMatchObject({ emailVerified: false })
    const attribute_mapping = { email_verified: 'mail_ok' }
    expect(read({ attribute_mapping }, { sub: '7', email: 'a@b.example' })).toMatchObject({
      emailVerified: false,
    })
  })

  test('brings along of other claims only those that are named', () => {
    const claims = { sub: '7', groups: ['a'], secret: 'x' }
    expect(read({}, claims)?.custom).toEqual({})
    expect(read({ custom_claims_allowlist: ['groups'] }, claims)?.custom).toEqual({ groups: ['a'] })
  })
})

test('a provider is asked for what its row says, and the flow stays ours', () => {
  const definition = definitionOf(
    row({ pkce_enabled: false, authorization_params: { prompt: 'consent' } }),
    'public',
  )
  expect(definition).toMatchObject({
    ...{ pkce: false, scopes: ['user'], authorizeParameters: { prompt: 'consent' } },
  })
  expect(definition.endpoints({ url: null })).toEqual({
    ...{ issuer: 'https://id.example', authorize: 'https://id.example/authorize' },
    ...{ token: 'https://id.example/token', profile: 'https://api.id.example/me', reach: 'public' },
  })
})

const oidc = {
  ...{ provider_type: 'oidc', identifier: 'custom:acme', name: 'Acme', client_id: 'us', client_secret: 's' },
  issuer: 'https://id.example',
}
describe('what is said of a provider is refused', () => {
  test.each([
    ['an issuer without TLS', { issuer: 'http://id.example' }],
    ['an issuer with a user in it', { issuer: 'https://a:b@id.example' }],
    ['a name without custom:', { identifier: 'acme' }],
    ['a name in capitals', { identifier: 'custom:Acme' }],
    [
      'a parameter that is the flow’s own',
      { authorization_params: { redirect_uri: 'https://evil.example' } },
    ],
    ['a mapping to a field of the project’s', { attribute_mapping: { role: 'role' } }],
    ['an address that is the same for everybody', { attribute_mapping: { email_verified: true } }],
    ['no secret', { client_secret: '' }],
    ['a scope with a space', { scopes: ['a b'] }],
  ])('%s', (_sentence, more) => {
    expect(Creation.safeParse(oidc)).toMatchObject({ success: true })
    expect(Creation.safeParse({ ...oidc, ...more })).toMatchObject({ success: false })
  })

  test('in a change, too', () => {
    expect(Change.safeParse({ attribute_mapping: { app_metadata: 'x' } })).toMatchObject({ success: false })
    expect(Change.safeParse({ issuer: 'http://id.example' })).toMatchObject({ success: false })
  })
})
