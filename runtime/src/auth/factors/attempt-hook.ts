/** Asks the project's hook whether an attempt with a second factor may count. */
import { type Context, within } from '../context.ts'
import { signOut } from '../credentials.ts'
import { askHook } from '../hook-calls.ts'
import type { AuthRequest } from '../request.ts'
import type { FactorRow, UserRow } from '../store/rows.ts'
import { VerificationRejected } from './errors.ts'

export type Attempt = { user: UserRow; factor: FactorRow; isValid: boolean; request: AuthRequest }

/** @throws VerificationRejected: the user is signed out everywhere, as GoTrue does; and what hooks fail with. */
export async function askAttemptHook(context: Context, attempt: Attempt): Promise<void> {
  const { user, factor, isValid, request } = attempt
  if (!context.hooks.has('mfaVerificationAttempt')) return
  const input = {
    ...{ user_id: user.id, factor_id: factor.id, factor_type: factor.factor_type, valid: isValid },
  }
  const answer = await askHook(context, 'mfaVerificationAttempt', { request, input })
  if (answer?.decision !== 'reject') return
  await within(context, (tx) => signOut(tx, user.id))
  throw VerificationRejected(answer.message)
}
