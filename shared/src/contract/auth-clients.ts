/** Applications that sign users in with a project, as the control API shows and takes them: in GoTrue's own words. */
import { z } from 'zod'

const Uri = z.string().trim().min(1).max(2_048)
const RedirectUris = z.array(Uri).min(1).max(100)
const GrantTypes = z.array(z.enum(['authorization_code', 'refresh_token'])).min(1)

export const AuthClientMethod = z.enum(['client_secret_basic', 'client_secret_post', 'none'])

/** What is here is always there; more may be, as the project's release has it. */
export const AuthClient = z
  .looseObject({
    client_id: z.uuid(),
    /** Where it was just made, and nowhere else. */
    client_secret: z.string().optional(),
    client_name: z.string(),
    client_type: z.enum(['public', 'confidential']),
    token_endpoint_auth_method: AuthClientMethod,
    registration_type: z.enum(['dynamic', 'manual']),
    redirect_uris: z.array(z.string()),
    grant_types: z.array(z.string()),
    client_uri: z.string().optional(),
    logo_uri: z.string().optional(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'AuthClient' })
export type AuthClient = z.infer<typeof AuthClient>

const given = {
  client_name: z.string().trim().max(1_000).optional(),
  client_uri: z.string().max(2_048).optional(),
  logo_uri: z.string().max(2_048).optional(),
  grant_types: GrantTypes.optional(),
  token_endpoint_auth_method: AuthClientMethod.optional(),
}

export const CreateAuthClient = z.strictObject({ redirect_uris: RedirectUris, ...given }).meta({
  id: 'CreateAuthClient',
  examples: [{ client_name: 'The shop', redirect_uris: ['https://app.example.com/callback'] }],
})
export type CreateAuthClient = z.infer<typeof CreateAuthClient>

/** What is not named stays. */
export const ChangeAuthClient = z
  .strictObject({ redirect_uris: RedirectUris.optional(), ...given })
  .meta({ id: 'ChangeAuthClient', examples: [{ client_name: 'The shop' }] })
export type ChangeAuthClient = z.infer<typeof ChangeAuthClient>
