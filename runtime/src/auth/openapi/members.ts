/** Members that the bodies of several endpoints have, and answers that they share. */
import {
  type Answer,
  anything,
  object,
  oneOf,
  type Parameter,
  query,
  ref,
  type Schema,
  text,
} from './operation.ts'

export const email = text('An e-mail address.', 'ada@example.com', { format: 'email' })
export const phone = text('A number in E.164, with or without the +.', '+4915112345678')
export const password = text('The password.', 'correct horse battery staple')
export const channel = oneOf(['sms', 'whatsapp'], 'How a code is sent to a phone.')
export const userData = anything('For the user’s own metadata.', { name: 'Ada' })

/** What every form of a sign-in may carry. */
export const flow: Readonly<Record<string, Schema>> = {
  code_challenge: text('PKCE: what the verifier hashes to.', 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'),
  code_challenge_method: oneOf(['s256', 'plain'], 'PKCE: how.'),
  gotrue_meta_security: anything('The answer to a captcha, where one is asked for.', {
    captcha_token: 'token',
  }),
}

export const redirectTo: Parameter = query(
  'redirect_to',
  'Where the link leads back to: the site, or what the settings allow.',
  'https://shop.example.com/welcome',
)

export const session: Answer = { description: 'Signed in.', schema: ref('AuthSession') }
export const nothing: Answer = { description: 'Done.', schema: object({}) }
export const done: Answer = { description: 'Done.' }
export const aUser: Answer = { description: 'The user.', schema: ref('AuthUser') }
export const sent: Answer = {
  description: 'Whether or not there is such a user, the same answer; of a phone with the message’s id.',
  schema: object({ message_id: text('Of the message, where one was sent to a phone.', 'SM123') }),
}
export const moved: Answer = {
  description: 'On to the next place.',
  headers: { Location: 'Where that is; a failure stands in its query and fragment.' },
}

export const pages: readonly Parameter[] = [
  query('page', 'Which page; the first is 1.', 1, { whole: true }),
  query('per_page', 'How many at most, up to 1000.', 50, { whole: true }),
]
export const pageHeaders = { 'X-Total-Count': 'How many there are.', Link: 'The `next` and the `last` page.' }
