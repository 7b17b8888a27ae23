/** Failures of the server itself. */
import { problem } from '@cascata/shared/problem'

export const RouteNotFound = problem('route-not-found', {
  status: 404,
  title: 'Nothing here',
  detail: () => 'No service of the project answers at this path.',
  hint: 'The data API is below /rest/v1.',
})

/** A bug of ours: the text is constant, what happened is in the log under the request id. */
export const InternalError = problem('internal-error', {
  status: 500,
  title: 'Internal error',
  detail: () => 'Something went wrong on our side.',
  hint: 'Look for the request id in the log of the runtime.',
})
