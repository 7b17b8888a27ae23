/** Failures of the server itself. */
import { problem } from '@cascata/shared/problem'

export const ServiceNotFound = problem('service-not-found', {
  status: 404,
  title: 'Nothing here',
  detail: () => 'No service of the project answers at this path.',
  hint: 'The data API is below /rest/v1.',
})

export const InternalError = problem('internal-error', {
  status: 500,
  title: 'Internal error',
  detail: () => 'Something went wrong here. The log tells more under this request id.',
})
