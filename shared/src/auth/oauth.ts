/** Settings of the project as an authorization server of others, and of the providers that its service key may add. */
import { z } from 'zod'
import { seconds } from './fields.ts'

export const OAuthServerSettings = z.object({
  /** Applications may sign users in with this project (`OAUTH_SERVER_ENABLED`). */
  enabled: z.boolean().default(false),
  /** Applications may register themselves (`OAUTH_SERVER_ALLOW_DYNAMIC_REGISTRATION`). */
  allowDynamicRegistration: z.boolean().default(false),
  /** The page of the site that asks for consent (`OAUTH_SERVER_AUTHORIZATION_PATH`). */
  authorizationPath: z
    .string()
    .max(500)
    .regex(/^\/(?![/\\])[^\s?#\\]*$/, 'must be a path of the site: it begins with one / and has no query')
    .default('/oauth/consent'),
  /** How long a request waits for consent (`OAUTH_SERVER_AUTHORIZATION_TTL`). */
  authorizationTtlS: seconds().max(3_600).default(600),
  /** Asked for when an application names none (`OAUTH_SERVER_DEFAULT_SCOPE`). */
  defaultScope: z
    .string()
    .regex(/^(?:openid|email|profile|phone)(?: (?:openid|email|profile|phone))*$/, 'must be scopes we know')
    .default('email'),
})

export const CustomProviderSettings = z.object({
  /** Providers may be added through `/admin/custom-providers` (`CUSTOM_OAUTH_ENABLED`). */
  enabled: z.boolean().default(true),
  /** How many (`CUSTOM_OAUTH_MAX_PROVIDERS`). */
  max: z.int().min(1).max(200).default(50),
})
