/** Why a request does not get past the gate. */
import { problem } from '@cascata/shared/problem'

export const BodyTooLarge = problem('body-too-large', {
  status: 413,
  title: 'Body too large',
  detail: (bytesMax: number) => `The body may have at most ${bytesMax} bytes.`,
  hint: 'Send it in parts, or raise the limit in the settings of the project.',
})

export const BodyTooSlow = problem('body-too-slow', {
  status: 408,
  title: 'Body too slow',
  detail: () => 'The body did not arrive in time.',
  hint: 'Send the request again.',
})

export const UrlTooLong = problem('url-too-long', {
  status: 414,
  title: 'URL too long',
  detail: (bytesMax: number) => `The URL is longer than the ${bytesMax} bytes this project allows.`,
  hint: 'Use a function (`/rpc`) with a body for long lists of values.',
})

export const Overloaded = problem('overloaded', {
  status: 503,
  title: 'Too many requests at once',
  detail: () => 'The project is answering as many requests as it can.',
  hint: 'Send the request again after the time in `Retry-After`.',
})

export const Starting = problem('starting', {
  status: 503,
  title: 'Still starting',
  detail: () => 'The project has not read its database schema yet.',
  hint: 'Send the request again after the time in `Retry-After`.',
})
