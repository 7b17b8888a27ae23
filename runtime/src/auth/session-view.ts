/** What a client gets that has signed in. */
import type { AccessToken } from './tokens.ts'
import type { UserView } from './user-view.ts'

export type SessionView = {
  access_token: string
  token_type: 'bearer'
  expires_in: number
  expires_at: number
  refresh_token: string
  user: UserView
  provider_token?: string
  provider_refresh_token?: string
}

export const sessionView = (access: AccessToken, refreshToken: string, user: UserView): SessionView => ({
  access_token: access.token,
  token_type: 'bearer',
  expires_in: access.expiresIn,
  expires_at: access.expiresAt,
  refresh_token: refreshToken,
  user,
})
