/** What can be wrong with a request, whatever it asks for. */
import { problem } from '../problem.ts'

export const RequestInvalid = problem('request-invalid', {
  status: 422,
  title: 'Request is not valid',
  detail: (reasons: string) => reasons,
  hint: 'The shape of each request is described at /reference.',
})

export const BodyMalformed = problem('body-malformed', {
  status: 400,
  title: 'Body cannot be read',
  detail: () => 'The body is not valid JSON.',
})

export const MediaTypeUnsupported = problem('media-type-unsupported', {
  status: 415,
  title: 'Media type not supported',
  detail: (expected: string) => `The body must be ${expected}.`,
})

export const RequestTooLarge = problem('request-too-large', {
  status: 413,
  title: 'Body too large',
  detail: (bytesMax: number) => `The body may have at most ${bytesMax} bytes.`,
})

export const CursorInvalid = problem('cursor-invalid', {
  status: 400,
  title: 'Cursor is not valid',
  detail: () => 'The cursor did not come from a page of this list.',
  hint: 'Begin again without a cursor.',
})

export const PathNotFound = problem('path-not-found', {
  status: 404,
  title: 'Nothing here',
  detail: () => 'The control API has no such path.',
  hint: 'All paths are listed at /reference.',
})

export const IdempotencyKeyInvalid = problem('idempotency-key-invalid', {
  status: 400,
  title: 'Idempotency-Key is not valid',
  detail: () => 'An Idempotency-Key has 1 to 200 printable ASCII characters.',
})

export const IdempotencyKeyReused = problem('idempotency-key-reused', {
  status: 422,
  title: 'Idempotency-Key belongs to another request',
  detail: () => 'This Idempotency-Key came before with another request.',
  hint: 'Make a new key for each thing you ask for.',
})

export const IdempotencyInProgress = problem('idempotency-in-progress', {
  status: 409,
  title: 'The first request is still under way',
  detail: () => 'A request with this Idempotency-Key has not been answered yet.',
  hint: 'Wait for its answer, or send the same request again later.',
})

export const IdempotencyAnswerLost = problem('idempotency-answer-lost', {
  status: 409,
  title: 'Done, but the answer was lost',
  detail: () =>
    'The first request with this Idempotency-Key was carried out; its answer was lost in a restart.',
  hint: 'See what it did in GET /v1/operations.',
})

export const ControlFailed = problem('control-failed', {
  status: 500,
  title: 'Internal error',
  detail: () => 'Something went wrong here. The log tells more under this request id.',
})

export const StoreUnavailable = problem('store-unavailable', {
  status: 503,
  title: 'Database of the instance is away',
  detail: () => 'The instance cannot reach its own database.',
  hint: 'Try again in a moment.',
})
