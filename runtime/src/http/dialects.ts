/** How each surface words a failure: RFC 9457 for what is ours, PostgREST's four fields below `/rest/v1`. */
import type { Problem } from '@cascata/shared/problem'
import { RETRY_AFTER_S } from '../gate/limits.ts'
import type { Answer, Dialect } from './service.ts'

/** Pages of problems, relative: the edge sends who asks for one on to the instance's own. */
const PAGES = '/problems/'

export const problemDialect: Dialect = (problem, requestId) => ({
  status: problem.status,
  headers: [['content-type', 'application/problem+json'], ...headersOf(problem, false)],
  body: JSON.stringify({
    type: `${PAGES}${problem.code}`,
    title: problem.title,
    status: problem.status,
    detail: problem.message,
    code: problem.code,
    hint: problem.hint,
    request_id: requestId,
  }),
})

/** Our names for what PostgREST has a code for. */
const PGRST: Readonly<Record<string, string>> = {
  'jwt-secret-missing': 'PGRST300',
  'jwt-invalid': 'PGRST301',
  'key-required': 'PGRST302',
  'anonymous-disabled': 'PGRST302',
  'jwt-claims-refused': 'PGRST303',
  starting: 'PGRST002',
}

export const restDialect: Dialect = (problem, _requestId, isTerse = false) => {
  const code = PGRST[problem.code] ?? problem.code
  // PostgREST gives no hint with its own token errors, and clients compare whole bodies.
  const hint = code.startsWith('PGRST') && problem.code !== 'key-required' ? null : (problem.hint ?? null)
  const { message } = problem
  const details = 'details' in problem ? problem.details : null
  const body = isTerse ? { code, message } : { code, details, hint, message }
  return {
    status: problem.status,
    headers: [
      ['content-type', 'application/json; charset=utf-8'],
      ['proxy-status', `PostgREST; error=${code}`],
      ...headersOf(problem, code === 'PGRST301' || code === 'PGRST303'),
    ],
    body: JSON.stringify(body),
  }
}

function headersOf(problem: Problem, namesError: boolean): Answer['headers'] {
  if (problem.status === 503) return [['retry-after', String(RETRY_AFTER_S)]]
  if (problem.status !== 401) return []
  const challenge = namesError
    ? `Bearer error="invalid_token", error_description="${problem.message.replaceAll('"', "'")}"`
    : 'Bearer'
  return [['www-authenticate', challenge]]
}
