/** What an application says of itself, when it is registered and when that is changed (RFC 7591). */
import { z } from 'zod'
import { ValidationFailed } from '../errors.ts'
import type {
  ClientAuthMethod,
  ClientChange,
  ClientType,
  NewClient,
  OAuthClientRow,
} from '../store/oauth-clients.ts'
import { NAME_CHARACTERS_MAX, REDIRECT_URIS_MAX, URI_CHARACTERS_MAX } from './limits.ts'
import { refuseRedirectUri } from './redirect-uris.ts'

/** It is shown to users as a link and as a picture: nothing that runs. */
const WebUri = z
  .string()
  .max(URI_CHARACTERS_MAX)
  .refine((uri) => uri === '' || /^https?:\/\/[^\s\p{Cc}]+$/iu.test(uri), 'must be a URL of https or http')

const RedirectUris = z
  .array(
    z.string().superRefine((uri, { addIssue }) => {
      const why = refuseRedirectUri(uri)
      if (why !== undefined) addIssue({ code: 'custom', message: `is no redirect URI: ${why}` })
    }),
  )
  .min(1, 'must name one at least')
  .max(REDIRECT_URIS_MAX)

const GRANT_TYPES = ['authorization_code', 'refresh_token'] as const
const METHODS = ['none', 'client_secret_basic', 'client_secret_post'] as const

const shown = {
  client_name: z
    .string()
    .max(NAME_CHARACTERS_MAX)
    .regex(/^\P{Cc}*$/u, 'must be without control characters'),
  client_uri: WebUri,
  logo_uri: WebUri,
}
const grantTypes = z.array(z.enum(GRANT_TYPES)).min(1).max(GRANT_TYPES.length)

export const Registration = z.object({
  redirect_uris: RedirectUris,
  grant_types: grantTypes.nullish(),
  response_types: z.array(z.literal('code')).nullish(),
  client_type: z.enum(['public', 'confidential']).nullish(),
  token_endpoint_auth_method: z.enum(METHODS).nullish(),
  client_name: shown.client_name.nullish(),
  client_uri: shown.client_uri.nullish(),
  logo_uri: shown.logo_uri.nullish(),
})
export type Registration = z.infer<typeof Registration>

const typeOf = (method: ClientAuthMethod): ClientType => (method === 'none' ? 'public' : 'confidential')

/** @throws ValidationFailed. The secret's digest is to be added. */
export function clientOf(
  given: Registration,
  { registered, at }: { registered: 'dynamic' | 'manual'; at: Date },
): Omit<NewClient, 'client_secret_hash'> {
  const named = given.token_endpoint_auth_method
  const method = named ?? (given.client_type === 'public' ? 'none' : 'client_secret_basic')
  if (given.client_type != null && given.client_type !== typeOf(method))
    throw ValidationFailed(`client_type ${given.client_type} does not go with ${method}`)
  return {
    ...{ registration_type: registered, client_type: typeOf(method), token_endpoint_auth_method: method, at },
    ...{
      redirect_uris: given.redirect_uris.join(','),
      grant_types: (given.grant_types ?? GRANT_TYPES).join(','),
    },
    ...{ client_name: given.client_name || null, client_uri: given.client_uri || null },
    logo_uri: given.logo_uri || null,
  }
}

export const Change = z.object({
  redirect_uris: RedirectUris.optional(),
  grant_types: grantTypes.optional(),
  token_endpoint_auth_method: z.enum(METHODS).optional(),
  client_name: shown.client_name.optional(),
  client_uri: shown.client_uri.optional(),
  logo_uri: shown.logo_uri.optional(),
})
export type Change = z.infer<typeof Change>

/** @throws ValidationFailed */
export function changeOf(given: Change, client: OAuthClientRow): ClientChange {
  const { redirect_uris: uris, grant_types: grants, token_endpoint_auth_method: method } = given
  if (method !== undefined && typeOf(method) !== client.client_type)
    throw ValidationFailed(`${method} does not go with a ${client.client_type} client`)
  const change = {
    ...(uris && { redirect_uris: uris.join(',') }),
    ...(grants && { grant_types: grants.join(',') }),
    ...(method && { token_endpoint_auth_method: method }),
    ...(given.client_name !== undefined && { client_name: given.client_name || null }),
    ...(given.client_uri !== undefined && { client_uri: given.client_uri || null }),
    ...(given.logo_uri !== undefined && { logo_uri: given.logo_uri || null }),
  }
  if (Object.keys(change).length === 0) throw ValidationFailed('No fields provided for update')
  return change
}
