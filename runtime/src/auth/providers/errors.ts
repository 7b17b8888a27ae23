/** Why a sign-in with a provider came to nothing. Reasons may be shown; what the provider said is for the log. */
import { Problem, problem } from '@cascata/shared/problem'

export const ProviderNotSetUp = problem('provider-not-set-up', {
  status: 500,
  title: 'A sign-in provider is not set up',
  detail: (name: string, missing: string) => `Sign-in with ${name} is not set up: ${missing}.`,
  hint: 'Mend `external` in the auth settings of the project.',
})

export const ProviderFailed = problem('provider-failed', {
  status: 500,
  title: 'A sign-in provider did not end the sign-in',
  detail: (name: string, reason: string) => `Sign-in with ${name} did not come to its end: ${reason}.`,
  hint: 'Compare `external` in the auth settings with what the provider has; the log of the runtime has what it said.',
})

/** The code and the status are GoTrue's. */
export class IdTokenRefused extends Problem {
  constructor(reason: string) {
    super('validation_failed', 400, 'ID token refused', `Bad ID token: ${reason}`)
  }
}
