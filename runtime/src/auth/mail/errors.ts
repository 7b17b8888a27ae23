/** Why a mail was not sent. Details may be shown to whoever asked for the mail; what the mail server said is for the log. */
import { problem } from '@cascata/shared/problem'

export const MailNotSetUp = problem('mail-not-set-up', {
  status: 500,
  title: 'The project sends no mail',
  detail: () => 'The mail could not be sent: the project has no mail server.',
  hint: 'Set `smtp` in the auth settings of the project.',
})

export const MailNotSent = problem('mail-not-sent', {
  status: 500,
  title: 'A mail was not sent',
  detail: (reason: string) => `The mail could not be sent: ${reason}.`,
  hint: 'Check `smtp` in the auth settings of the project; the log of the runtime has what the mail server said.',
})

export const MailTemplateInvalid = problem('mail-template-invalid', {
  status: 500,
  title: 'A mail template cannot be used',
  detail: (kind: string, part: string, why: string) =>
    `The ${part} of the mail template ${kind} cannot be used: ${why}.`,
  hint: 'Mend it in `mailer.templates` of the auth settings, or take it away: then the template of the house is used.',
})
