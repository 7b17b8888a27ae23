/** Letters that tell somebody what happened to their account. They prove nothing, and whatever happened does not wait for them. */
import { apiUrlOf, type Context, siteUrlOf } from './context.ts'
import { callApart } from './hook-calls.ts'
import type { UserRow } from './store/rows.ts'
import { viewOfUser } from './users.ts'

type NoticeKind = 'password_changed' | 'account_locked'

const SETTINGS = { password_changed: 'passwordChanged', account_locked: 'accountLocked' } as const

export type Notice = {
  kind: NoticeKind
  user: Pick<UserRow, 'id' | 'email' | 'email_confirmed_at'>
  /** What may be done about it. */
  link?: string
}

const SEND_MS_MAX = 30_000

/** To a confirmed address alone, where the settings want it and there is a way to send it. */
export function sendNotice(context: Context, notice: Notice): void {
  const { mailer, smtp } = context.project.settings()
  const { kind, user } = notice
  if (!mailer.notifications[SETTINGS[kind]] || !user.email || user.email_confirmed_at === null) return
  if (smtp === null && !context.hooks.has('sendEmail')) return
  deliver(context, { ...notice, to: user.email }).catch((err: unknown) =>
    context.logger.error({ err, kind }, 'mail not sent'),
  )
}

async function deliver(
  context: Context,
  { kind, user, to, link = '' }: Notice & { to: string },
): Promise<void> {
  const limit = await context.rates.message('email')
  if (!limit.allowed)
    return context.logger.warn({ kind }, 'mail not sent: as many as may be were sent this hour')
  const signal = AbortSignal.timeout(SEND_MS_MAX)
  if (!context.hooks.has('sendEmail')) {
    const site = siteUrlOf(context)
    const common = { SiteURL: site, Token: '', TokenHash: '', RedirectTo: site, NewEmail: '', Data: {} }
    const variables = { ...common, ConfirmationURL: link, Email: to, SendingTo: to }
    return context.mailer.send({ kind, to, variables }, signal)
  }
  const input = {
    user: { ...(await viewOfUser(context, user.id)) },
    email_data: {
      ...{ token: '', token_hash: '', token_new: '', token_hash_new: '' },
      ...{ redirect_to: link, email_action_type: `${kind}_notification`, site_url: apiUrlOf(context) },
    },
  }
  await context.hooks.ask('sendEmail', input, { signal, call: callApart(context) })
}
