/** What can go wrong with a password besides being the wrong one. */
import { problem } from '@cascata/shared/problem'

export const PasswordQueueFull = problem('password-queue-full', {
  status: 503,
  title: 'Too many passwords at once',
  detail: () => 'Too many passwords are being checked at the moment.',
  hint: 'Send the request again after the time in `Retry-After`.',
})

export const PasswordTooLong = problem('password-too-long', {
  status: 422,
  title: 'Password too long',
  detail: (lengthMax: number) => `The password has more than ${lengthMax} characters.`,
  hint: 'Choose a shorter one: all of its characters count.',
})

export const PasswordHashUnsupported = problem('password-hash-unsupported', {
  status: 422,
  title: 'Password hash not supported',
  detail: (why: string) => `The password hash cannot be used: ${why}.`,
  hint: 'Give an argon2id, argon2i, bcrypt, scrypt or Firebase scrypt hash within the limits of the page of this problem.',
})

export const PasswordCheckFailed = problem('password-check-failed', {
  status: 503,
  title: 'The password could not be checked',
  detail: () => 'Whether the password is known from a leak could not be found out.',
  hint: 'Try again, or set `password.hibp.failClosed` to false in the auth settings of the project.',
})
