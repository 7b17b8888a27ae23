/**
 * Sends a project's mails through the project's own mail server.
 *
 * It decides what a mail says and whether it went out; it knows neither users nor rate limits. Settings are read for
 * each mail: when they change, the next mail goes through the new server.
 */
import { MailNotSetUp, MailTemplateInvalid } from './errors.ts'
import type { MailKind } from './mail-kind.ts'
import { type Rendered, renderBody, renderSubject, type Variables } from './render.ts'
import { TemplateError } from './template-error.ts'
import { defaultTemplate } from './templates.ts'
import { openTransport, type SmtpSettings, type Transport } from './transport.ts'

export type { MailKind } from './mail-kind.ts'

export type Mail = { kind: MailKind; to: string; variables: Variables }

export type Mailer = { send(mail: Mail, signal: AbortSignal): Promise<void>; close(): Promise<void> }

type OwnTemplate = { subject?: string | undefined; html?: string | undefined }

export type MailSettings = {
  smtp: SmtpSettings | null
  mailer: { templates: Partial<Record<MailKind, OwnTemplate | undefined>> }
}

export function createMailer(settings: () => MailSettings): Mailer {
  let open: { key: string; transport: Transport } | undefined

  const transportFor = (smtp: SmtpSettings): Transport => {
    const key = JSON.stringify(smtp)
    if (open?.key === key) return open.transport
    void open?.transport.close()
    open = { key, transport: openTransport(smtp) }
    return open.transport
  }

  return {
    async send({ kind, to, variables }, signal) {
      signal.throwIfAborted()
      const { smtp, mailer } = settings()
      if (smtp === null) throw MailNotSetUp()
      const rendered = renderMail(kind, mailer.templates[kind] ?? {}, variables)
      await transportFor(smtp).send({ ...rendered, to }, signal)
    },

    async close() {
      await open?.transport.close()
      open = undefined
    },
  }
}

/** @throws MailTemplateInvalid */
export function renderMail(kind: MailKind, own: OwnTemplate, variables: Variables): Rendered {
  const usual = defaultTemplate(kind)
  const part = <T>(name: string, render: () => T): T => {
    try {
      return render()
    } catch (error) {
      throw asProblem(error, kind, name)
    }
  }
  return {
    subject: part('subject', () => renderSubject(own.subject ?? usual.subject, variables)),
    ...part('HTML', () => renderBody(own.html ?? usual.html, variables)),
  }
}

const asProblem = (error: unknown, kind: MailKind, part: string): unknown =>
  error instanceof TemplateError ? MailTemplateInvalid(kind, part, error.message) : error
