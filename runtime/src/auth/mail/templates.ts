/** What a mail says when the project has no words of its own. */
import type { MailKind } from './mail-kind.ts'

export type Template = { subject: string; html: string }

type Letter = { subject: string; title: string; body: string[] }

const button = (label: string): string =>
  `<p><a href="{{ .ConfirmationURL }}" style="display:inline-block;padding:10px 18px;border-radius:6px;background:#1f2937;color:#ffffff;text-decoration:none">${label}</a></p>`

const code =
  '<p>Or enter this code: <strong style="font-size:20px;letter-spacing:3px">{{ .Token }}</strong></p>'

/** Who did not ask for it must learn that nothing happens by itself. */
const unasked = (consequence: string): string =>
  `<p style="color:#6b7280">If you did not ask for this, you can ignore this mail: ${consequence}</p>`

const LETTERS: Readonly<Record<MailKind, Letter>> = {
  confirmation: {
    subject: 'Confirm your email address',
    title: 'Confirm your email address',
    body: [
      '<p>Somebody signed up at {{ .SiteURL }} with {{ .Email }}. If it was you, confirm that the address is yours.</p>',
      ...[button('Confirm my address'), code, unasked('without it the address stays unconfirmed.')],
    ],
  },
  invite: {
    subject: 'You have been invited',
    title: 'You have been invited',
    body: [
      '<p>You have been invited to {{ .SiteURL }}. Accept the invitation to set up your account.</p>',
      ...[button('Accept the invitation'), unasked('no account can be used without you.')],
    ],
  },
  magic_link: {
    subject: 'Your sign-in link',
    title: 'Sign in',
    body: [
      '<p>Use this link to sign in at {{ .SiteURL }}. It works once, and only for a short time.</p>',
      ...[button('Sign in'), code, unasked('nobody can sign in without the link or the code.')],
    ],
  },
  recovery: {
    subject: 'Reset your password',
    title: 'Reset your password',
    body: [
      '<p>Somebody asked to reset the password of your account at {{ .SiteURL }}. Use this link to choose a new one.</p>',
      ...[button('Choose a new password'), code, unasked('your password stays as it is.')],
    ],
  },
  email_change: {
    subject: 'Confirm the change of your email address',
    title: 'Confirm the change of your email address',
    body: [
      '<p>The email address of your account at {{ .SiteURL }} is to change{{ if .Email }} from {{ .Email }}{{ end }} to {{ .NewEmail }}.</p>',
      ...[button('Confirm the change'), code, unasked('the address stays as it is.')],
    ],
  },
  reauthentication: {
    subject: '{{ .Token }} is your code',
    title: 'Confirm that it is you',
    body: [
      '<p>Enter this code at {{ .SiteURL }} to go on:</p>',
      '<p><strong style="font-size:24px;letter-spacing:4px">{{ .Token }}</strong></p>',
      '<p style="color:#6b7280">Give it to nobody. If you did not ask for it, somebody else may be signed in to your account: change your password.</p>',
    ],
  },
  password_changed: {
    subject: 'Your password was changed',
    title: 'Your password was changed',
    body: [
      '<p>The password of your account {{ .Email }} at {{ .SiteURL }} has just been changed, and other devices were signed out.</p>',
      '<p>If it was not you, reset the password at once, and check who can read your mail.</p>',
    ],
  },
  account_locked: {
    subject: 'Sign-in to your account is locked for a while',
    title: 'Sign-in is locked for a while',
    body: [
      '<p>There were too many wrong attempts to sign in to your account {{ .Email }} at {{ .SiteURL }}. It is locked for a while and opens again by itself.</p>',
      `{{ if .ConfirmationURL }}<p>If it was you, you can open it now.</p>${button('Unlock my account')}{{ end }}`,
      '<p style="color:#6b7280">If it was not you, your password was not guessed. Use one that you use nowhere else.</p>',
    ],
  },
}

export function defaultTemplate(kind: MailKind): Template {
  const { subject, title, body } = LETTERS[kind]
  const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title></head>
<body style="margin:0;padding:24px;font-family:system-ui,sans-serif;font-size:16px;line-height:1.5;color:#111827">
<div style="max-width:560px;margin:0 auto">
<h1 style="font-size:20px">${title}</h1>
${body.join('\n')}
</div>
</body>
</html>
`
  return { subject, html }
}
