/** What is answered to a request that cannot be passed on: what the edge would say of that project, had it been told already. */
import { Problem } from '@cascata/shared/problem'
import { AnswerLost, ProjectStarting, UnknownHost } from '@cascata/shared/problems/edge'
import {
  ProjectDeleted,
  ProjectImporting,
  ProjectNotFound,
  ProjectPaused,
} from '@cascata/shared/problems/projects'
import { ProjectWakeFailed, ProjectWakingBusy } from '@cascata/shared/problems/sleep'
import { answerOf } from '../edge/answers.ts'

export type Refusal = { status: number; headers: Record<string, string>; body: string }

const UNAVAILABLE = 503

/** Seconds after which it is worth another try. */
const RETRY_AFTER_S: Readonly<Record<string, number>> = {
  [ProjectPaused.code]: 60,
  [ProjectStarting.code]: 1,
  [ProjectImporting.code]: 5,
  [ProjectWakingBusy.code]: 1,
  [ProjectWakeFailed.code]: 5,
}

export function refusalOf(error: unknown, { ref, requestId }: { ref: string; requestId: string }): Refusal {
  const problem = shownOf(error, ref)
  const retryAfterS = RETRY_AFTER_S[problem.code]
  // Nobody can be asked in place of the one who is away, whatever the API calls the same state of things.
  const status = retryAfterS === undefined ? problem.status : UNAVAILABLE
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      // A page of another origin could not read it otherwise: constant text, for anybody.
      'access-control-allow-origin': '*',
      'x-request-id': requestId,
      ...(retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }),
    },
    body: JSON.stringify({ ...answerOf(problem, status), request_id: requestId }),
  }
}

function shownOf(error: unknown, ref: string): Problem {
  if (!(error instanceof Problem)) return ProjectStarting(ref)
  if (error.code === ProjectNotFound.code || error.code === ProjectDeleted.code) return UnknownHost()
  return error.code in RETRY_AFTER_S || error.code === AnswerLost.code ? error : ProjectStarting(ref)
}
