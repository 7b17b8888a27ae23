/** Everything that is described: one entry for each route, by the route's own name. */
import type { Operations } from './operation.ts'
import { ADMIN } from './operations/admin.ts'
import { CUSTOM_PROVIDERS } from './operations/custom-providers.ts'
import { SECOND_FACTORS } from './operations/factors.ts'
import { OAUTH } from './operations/oauth.ts'
import { OAUTH_CLIENTS } from './operations/oauth-clients.ts'
import { OAUTH_SERVER } from './operations/oauth-server.ts'
import { OAUTH_TOKENS } from './operations/oauth-tokens.ts'
import { PUBLIC } from './operations/public.ts'
import { SESSIONS } from './operations/sessions.ts'
import { SIGN_IN } from './operations/sign-in.ts'
import { SSO } from './operations/sso.ts'
import { UNLOCK } from './operations/unlock.ts'
import { USER } from './operations/user.ts'

export const OPERATIONS: Operations = {
  ...PUBLIC,
  ...SIGN_IN,
  ...OAUTH,
  ...SSO,
  ...OAUTH_SERVER,
  ...OAUTH_TOKENS,
  ...OAUTH_CLIENTS,
  ...USER,
  ...SESSIONS,
  ...SECOND_FACTORS,
  ...ADMIN,
  ...UNLOCK,
  ...CUSTOM_PROVIDERS,
}
