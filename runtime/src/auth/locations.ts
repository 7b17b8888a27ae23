/** The URLs that people are sent to with what came of it. Pure. */
import type { Problem } from '@cascata/shared/problem'
import type { SessionView } from './session-view.ts'

export function withQuery(location: string, members: Readonly<Record<string, string>>): string {
  const url = new URL(location)
  for (const [name, value] of Object.entries(members)) url.searchParams.set(name, value)
  return url.toString()
}

function withFragment(location: string, members: Readonly<Record<string, string>>): string {
  const url = new URL(location)
  url.hash = new URLSearchParams(members).toString()
  return url.toString()
}

/** In the fragment: no server behind the page sees the tokens. */
export function sessionLocation(
  location: string,
  session: SessionView,
  more: Readonly<Record<string, string>> = {},
): string {
  const { provider_token: provider, provider_refresh_token: refresh } = session
  return withFragment(location, {
    access_token: session.access_token,
    expires_at: String(session.expires_at),
    expires_in: String(session.expires_in),
    ...(provider === undefined ? {} : { provider_token: provider }),
    ...(refresh === undefined ? {} : { provider_refresh_token: refresh }),
    refresh_token: session.refresh_token,
    sb: '',
    token_type: session.token_type,
    ...more,
  })
}

/** Of a part of the service GoTrue's name for it. */
const codeOf = ({ code, status }: Problem): string =>
  code.includes('-') && status >= 500 ? 'unexpected_failure' : code.replaceAll('-', '_')

/** As query and as fragment: which of both an app reads depends on its flow. */
export function errorLocation(location: string, problem: Problem): string {
  const { status, message } = problem
  const code = codeOf(problem)
  const error = status >= 500 ? 'server_error' : status === 400 ? 'invalid_request' : 'access_denied'
  const members = { error, error_code: code, error_description: message }
  return withFragment(withQuery(location, members), { ...members, sb: '' })
}
