/** Who may call, and how often. */
import { problem } from '../problem.ts'

export const ApiTokenMissing = problem('api-token-missing', {
  status: 401,
  title: 'Token required',
  detail: () => 'This needs an API token.',
  hint: 'Send it as "Authorization: Bearer cst_...".',
})

/** Unknown, expired and revoked look alike. */
export const ApiTokenInvalid = problem('api-token-invalid', {
  status: 401,
  title: 'Token not accepted',
  detail: () => 'This API token is not known, has expired or was revoked.',
})

export const ScopeTooNarrow = problem('scope-too-narrow', {
  status: 403,
  title: 'Not allowed with this token',
  detail: (scope: string) => `This needs a token with the scope ${scope}.`,
})

export const AttemptsExceeded = problem('attempts-exceeded', {
  status: 429,
  title: 'Too many failed attempts',
  detail: () => 'Too many requests with a wrong token came from this address.',
  hint: 'Wait for as long as Retry-After says.',
})

export const TokenNotFound = problem('token-not-found', {
  status: 404,
  title: 'Token not found',
  detail: () => 'There is no such token, or it was revoked already.',
})

export const LastOwnerToken = problem('last-owner-token', {
  status: 409,
  title: 'Last owner token',
  detail: () => 'Without this token nobody could own the instance any more.',
  hint: 'Make another owner token first.',
})

export const InstanceUnclaimed = problem('instance-unclaimed', {
  status: 503,
  title: 'Instance not claimed yet',
  detail: () => 'Nobody owns this instance yet; until then it answers nothing else.',
  hint: 'Open the one-time link that its start printed.',
})

export const ClaimInvalid = problem('claim-invalid', {
  status: 410,
  title: 'Claim link not valid',
  detail: () => 'This one-time link is not known, was used already or has expired.',
  hint: 'Run "cascata link" as an owner, or admin-link on the machine, for a new one.',
})

export const TokenTied = problem('token-tied', {
  status: 403,
  title: 'Token is tied to one project',
  detail: () => 'This belongs to the instance as a whole; the token is tied to one project.',
})

export const StreamsExceeded = problem('streams-exceeded', {
  status: 503,
  title: 'Too many open streams',
  detail: () => 'Too many streams of events are open on this instance.',
  hint: 'Poll instead, or try again later.',
})
