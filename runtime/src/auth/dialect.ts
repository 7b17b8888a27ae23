/**
 * How failures are worded: in GoTrue's first generation a number as `code`, since 2024-01-01 the name itself. Which of
 * both is the caller's to say with `X-Supabase-Api-Version`.
 */
import type { Problem } from '@cascata/shared/problem'
import { AuthFailure } from './errors.ts'

export const API_VERSION_HEADER = 'x-supabase-api-version'
const CODES_AS_NAMES = '2024-01-01'

type Worded = {
  status: number
  headers: readonly (readonly [name: string, value: string])[]
  body: string
}

/** What the gate refused before the service was asked, by our names. */
const GATE: Readonly<Record<string, { code: string; status: number }>> = {
  'key-required': { code: 'no_authorization', status: 401 },
  'anonymous-disabled': { code: 'no_authorization', status: 401 },
  'jwt-invalid': { code: 'bad_jwt', status: 403 },
  'jwt-claims-refused': { code: 'bad_jwt', status: 403 },
  'jwt-secret-missing': { code: 'unexpected_failure', status: 500 },
  'body-too-large': { code: 'request_entity_too_large', status: 413 },
  'internal-error': { code: 'unexpected_failure', status: 500 },
  'password-queue-full': { code: 'over_request_rate_limit', status: 429 },
  overloaded: { code: 'over_request_rate_limit', status: 429 },
}

/** Parts of the service have codes of the house: what GoTrue knows it calls the same, with other lines. */
const ofParts = ({ code, status }: Problem) => ({
  code: status >= 500 ? 'unexpected_failure' : code.replaceAll('-', '_'),
  status,
})

const retryAfterOf = (problem: Problem): number =>
  'retryAfterS' in problem && typeof problem.retryAfterS === 'number' ? problem.retryAfterS : 1

const isVersion = (text: string | undefined): boolean =>
  text !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(text) && text >= CODES_AS_NAMES

export function wordFailure(problem: Problem, requestId: string, version: string | undefined): Worded {
  const known = problem instanceof AuthFailure ? undefined : (GATE[problem.code] ?? ofParts(problem))
  const code = known?.code ?? problem.code
  const status = known?.status ?? problem.status
  const more = problem instanceof AuthFailure ? problem.more : {}
  const message = code === 'bad_jwt' && known ? `invalid JWT: ${problem.message}` : problem.message
  const named = isVersion(version)
  const body = named
    ? { code, message, ...more }
    : {
        code: status,
        error_code: code,
        msg: message,
        ...(status >= 500 ? { error_id: requestId } : {}),
        ...more,
      }
  return {
    status,
    headers: [
      ['content-type', 'application/json'],
      ['x-sb-error-code', code],
      ...(named ? [[API_VERSION_HEADER, CODES_AS_NAMES] as const] : []),
      ...(status === 429 || status === 503 ? [['retry-after', String(retryAfterOf(problem))] as const] : []),
    ],
    body: JSON.stringify(body),
  }
}
