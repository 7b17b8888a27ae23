/** What the holder of the service key says of a provider. Pure. */
import { z } from 'zod'

/** Ours: what is said of a provider changes neither where a sign-in ends nor how it is checked. */
const RESERVED = new Set([
  ...['client_id', 'client_secret', 'redirect_uri', 'response_type', 'response_mode', 'scope', 'state'],
  ...['code_challenge', 'code_challenge_method', 'code_verifier', 'nonce', 'request', 'request_uri'],
])

/** The project's own to say of a user. */
const BLOCKED = new Set([
  ...['id', 'aud', 'role', 'app_metadata', 'created_at', 'updated_at', 'confirmed_at', 'email_confirmed_at'],
  ...['phone_confirmed_at', 'banned_until', 'is_super_admin'],
])

/** Who somebody is must come from the provider: a constant would make all its people one. */
const OF_PERSON = new Set(['sub', 'email', 'email_verified', 'phone', 'phone_number'])

const Url = z
  .url({ protocol: /^https$/ })
  .max(2_048)
  .refine((text) => {
    const url = URL.parse(text)
    return url !== null && url.username === '' && url.password === '' && !text.includes('#')
  }, 'must be a URL of https, without a user and a fragment')

const words = (countMax: number) =>
  z
    .array(
      z
        .string()
        .min(1)
        .max(500)
        .regex(/^[^\s\p{Cc}]+$/u, 'must be without spaces'),
    )
    .max(countMax)

const Mapping = z
  .record(z.string().min(1).max(100), z.union([z.string().max(1_000), z.number(), z.boolean()]))
  .superRefine((mapping, { addIssue }) => {
    for (const [target, source] of Object.entries(mapping)) {
      if (BLOCKED.has(target)) addIssue({ code: 'custom', message: `${target} is a protected system field` })
      if (OF_PERSON.has(target) && typeof source !== 'string')
        addIssue({ code: 'custom', message: `${target} must name a claim of the provider` })
    }
  })
  .refine((mapping) => Object.keys(mapping).length <= 50, 'must have 50 entries at most')

const Params = z
  .record(z.string().min(1).max(100), z.string().max(1_000))
  .superRefine((params, { addIssue }) => {
    for (const name of Object.keys(params))
      if (RESERVED.has(name)) addIssue({ code: 'custom', message: `${name} is a reserved OAuth parameter` })
  })
  .refine((params) => Object.keys(params).length <= 50, 'must have 50 entries at most')

const members = {
  name: z.string().min(1).max(100),
  client_id: z.string().min(1).max(512),
  client_secret: z.string().min(1).max(10_000),
  acceptable_client_ids: words(20).nullish(),
  scopes: words(50).nullish(),
  custom_claims_allowlist: words(50).nullish(),
  pkce_enabled: z.boolean().nullish(),
  attribute_mapping: Mapping.nullish(),
  authorization_params: Params.nullish(),
  enabled: z.boolean().nullish(),
  email_optional: z.boolean().nullish(),
  discovery_url: z.union([Url, z.literal('')]).nullish(),
  skip_nonce_check: z.boolean().nullish(),
  jwks_uri: z.union([Url, z.literal('')]).nullish(),
}

export const IDENTIFIER = /^custom:[a-z0-9](?:[a-z0-9:-]{0,41}[a-z0-9])?$/

const identifier = z
  .string()
  .regex(IDENTIFIER, 'must be custom: and up to 43 small letters, digits, - and :, such as custom:my-company')

export const Creation = z.discriminatedUnion('provider_type', [
  z.object({ provider_type: z.literal('oidc'), identifier, ...members, issuer: Url }),
  z.object({
    ...{ provider_type: z.literal('oauth2'), identifier, ...members },
    ...{ authorization_url: Url, token_url: Url, userinfo_url: Url },
  }),
])
export type Creation = z.infer<typeof Creation>

const { name, client_id, client_secret, ...rest } = members

/** Type and identifier stay as they are. */
export const Change = z.object({
  ...{ name: name.optional(), client_id: client_id.optional(), client_secret: client_secret.optional() },
  ...rest,
  ...{ issuer: Url.optional(), authorization_url: Url.optional() },
  ...{ token_url: Url.optional(), userinfo_url: Url.optional() },
})
export type Change = z.infer<typeof Change>

/** Of OpenID Connect it is what makes it that. */
export const scopesFor = (type: 'oauth2' | 'oidc', scopes: readonly string[]): string[] =>
  type === 'oidc' && !scopes.includes('openid') ? ['openid', ...scopes] : [...scopes]
