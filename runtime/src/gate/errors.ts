/** Why a request does not get past the gate. */
import { problem } from '@cascata/shared/problem'

export const BodyTooSlow = problem('body-too-slow', {
  status: 408,
  title: 'Body too slow',
  detail: () => 'The body did not arrive in time.',
  hint: 'Send the request again.',
})

export const Overloaded = problem('overloaded', {
  status: 503,
  title: 'Too many requests at once',
  detail: () => 'The project is answering as many requests as it can.',
  hint: 'Send the request again after the time in `Retry-After`.',
})

export const TooManySockets = problem('too-many-sockets', {
  status: 429,
  title: 'Too many connections',
  detail: (atOnceMax: number, whose: 'of the project' | 'from this address') =>
    `${atOnceMax} connections ${whose} are open, as many as may be.`,
  hint: 'Close connections that nobody needs, or run more replicas.',
})

export const Starting = problem('starting', {
  status: 503,
  title: 'Still starting',
  detail: () => 'The project has not read its database schema yet.',
  hint: 'Send the request again after the time in `Retry-After`.',
})
