/** Why a caller was not let in. Texts are PostgREST's where it has one: clients match on them. */
import { Problem, problem } from '@cascata/shared/problem'

/** The token cannot be trusted (PGRST301). */
export const JwtInvalid = problem('jwt-invalid', {
  status: 401,
  title: 'Token not valid',
  detail: (message: string) => message,
  hint: 'Sign in again, or check that the key belongs to this project.',
})

/** The same, where PostgREST tells what its key library found: it shows that as `details`. */
export class JwtUndecodable extends Problem {
  readonly details: string

  constructor(message: string, details: string) {
    const { code, status, title, hint } = JwtInvalid(message)
    super(code, status, title, message, hint)
    this.details = details
  }
}

/** The token is ours, but not for here or not for now (PGRST303). */
export const JwtClaimsRefused = problem('jwt-claims-refused', {
  status: 401,
  title: 'Token refused by its claims',
  detail: (message: string) => message,
  hint: 'Sign in again for a fresh token.',
})

/** Nobody may come in without a key (PGRST302). */
export const KeyRequired = problem('key-required', {
  status: 401,
  title: 'No API key',
  detail: () => 'No API key found in request',
  hint: 'Send the anon or service_role key of the project in the `apikey` header.',
})

/** A runtime started by itself without `db-anon-role`, or a token without a role there (PGRST302). */
export const AnonymousDisabled = problem('anonymous-disabled', {
  status: 401,
  title: 'Anonymous access disabled',
  detail: () => 'Anonymous access is disabled',
  hint: 'Send a token that names a role.',
})

/** A token came, but there is nothing to check it with (PGRST300). */
export const JwtSecretMissing = problem('jwt-secret-missing', {
  status: 500,
  title: 'No secret to check tokens with',
  detail: () => 'Server lacks JWT secret',
  hint: 'Set jwt-secret in the configuration.',
})
