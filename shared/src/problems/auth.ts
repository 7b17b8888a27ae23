/** What a project's auth says to control. Its own codes stand in the detail: they are GoTrue's, and theirs to keep. */
import { problem } from '../problem.ts'

export const AuthUserNotFound = problem('auth-user-not-found', {
  status: 404,
  title: 'No such user',
  detail: () => 'The project has no user of that id.',
  hint: 'List them with GET /v1/projects/{ref}/auth/users.',
})

export const AuthUserExists = problem('auth-user-exists', {
  status: 409,
  title: 'User exists already',
  detail: () => 'Another user of the project has this address or number.',
})

export const AuthClientNotFound = problem('auth-client-not-found', {
  status: 404,
  title: 'No such application',
  detail: () => 'The project has no application of that id.',
  hint: 'List them with GET /v1/projects/{ref}/auth/clients.',
})

export const AuthSsoProviderNotFound = problem('auth-sso-provider-not-found', {
  status: 404,
  title: 'No such identity provider',
  detail: () => 'The project has no identity provider of that id.',
  hint: 'List them with GET /v1/projects/{ref}/auth/sso.',
})

export const AuthSsoProviderExists = problem('auth-sso-provider-exists', {
  status: 409,
  title: 'Identity provider exists already',
  detail: (message: string) => `Another identity provider of the project has it: ${message}`,
  hint: 'List them with GET /v1/projects/{ref}/auth/sso.',
})

export const AuthRefused = problem('auth-refused', {
  status: 422,
  title: 'Auth of the project refused it',
  detail: (code: string, message: string) => `The project answered ${code}: ${message}`,
  hint: 'What its settings ask for is shown by GET /v1/projects/{ref}/auth/config.',
})

export const AuthFailed = problem('auth-failed', {
  status: 502,
  title: 'Auth of the project failed',
  detail: (ref: string, message: string) => `Auth of ${ref} did not do it: ${message}`,
  hint: 'Its log says why: cascata logs REF.',
})
