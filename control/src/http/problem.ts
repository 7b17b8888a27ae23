/** Failures as RFC 9457 bodies. What is no `Problem` is a bug: constant text outside, everything in the log. */
import type { ProblemBody } from '@cascata/shared/contract/problems'
import type { Problem } from '@cascata/shared/problem'
import { BodyMalformed } from '@cascata/shared/problems/request'
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { toProblem } from '../app/failure.ts'
import type { Env } from './env.ts'
import { FAILED_ATTEMPTS_WINDOW_MS } from './limits.ts'

/** Hono's own reading of a JSON body is the only thing that throws these. */
const isMalformed = (error: unknown) => error instanceof HTTPException && error.status === 400

const HEADERS: Record<number, Record<string, string>> = {
  401: { 'www-authenticate': 'Bearer realm="cascata"' },
  429: { 'retry-after': String(FAILED_ATTEMPTS_WINDOW_MS / 1_000) },
  503: { 'retry-after': '2' },
}

export const problemBody = (problem: Problem, requestId: string): ProblemBody => ({
  type: `/problems/${problem.code}`,
  title: problem.title,
  status: problem.status,
  detail: problem.message,
  code: problem.code,
  ...(problem.hint === undefined ? {} : { hint: problem.hint }),
  request_id: requestId,
})

export function renderProblem(error: unknown, c: Context<Env>): Response {
  const problem = isMalformed(error) ? BodyMalformed().because(error) : toProblem(error)
  c.set('failure', problem.status >= 500 ? error : problem.code)
  return new Response(JSON.stringify(problemBody(problem, c.get('requestId'))), {
    status: problem.status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...HEADERS[problem.status],
    },
  })
}
