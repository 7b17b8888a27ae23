/**
 * SMTP, by nodemailer, which is loaded with the first mail: most runtimes never send one.
 *
 * A few connections are kept while there is work and closed soon after. A password never goes over a line that is not
 * encrypted, unless the settings say `never`; and no error has it, in whatever form the server echoes it.
 */
import { isLoopback } from '../outbound.ts'
import { MailNotSent } from './errors.ts'
import type { Rendered } from './render.ts'

export type SmtpSettings = {
  host: string
  port: number
  user: string | null
  password: string | null
  /** `always` is TLS from the first byte. */
  secure: 'auto' | 'always' | 'never'
  senderEmail: string
  senderName: string | null
}

export type Transport = {
  send(message: Rendered & { to: string }, signal: AbortSignal): Promise<void>
  /** What is under way is sent first. */
  close(): Promise<void>
}

const CONNECTIONS_MAX = 2
const IDLE_MS = 20_000
const CONNECT_TIMEOUT_MS = 10_000
const SILENCE_TIMEOUT_MS = 20_000
const RESPONSE_BYTES_MAX = 64 * 1024

/** One address and nothing that could be a second one, or a header. */
const ADDRESS = /^[^\s\p{Cc}<>,;:"()[\]\\]+@[^\s\p{Cc}<>,;:"()\\]+$/u

export function openTransport(smtp: SmtpSettings): Transport {
  const opening = connect(smtp)
  // Each send tells of it; nobody waits for it here.
  opening.catch(() => {})
  const underWay = new Set<Promise<unknown>>()

  const sendOne = async (
    { to, subject, html, text }: Rendered & { to: string },
    signal: AbortSignal,
  ): Promise<void> => {
    if (!ADDRESS.test(to)) throw MailNotSent('the address is none')
    const pool = await opening
    try {
      await pool.sendMail({
        from: { name: smtp.senderName ?? '', address: smtp.senderEmail },
        to: { name: '', address: to },
        envelope: { from: smtp.senderEmail, to: [to] },
        subject,
        html,
        text,
        headers: { 'Auto-Submitted': 'auto-generated' },
        signal,
      })
    } catch (error) {
      signal.throwIfAborted()
      throw MailNotSent(reasonOf(error)).because(new Error(withoutSecrets(messageOf(error), smtp)))
    }
  }

  return {
    send(message, signal) {
      const sending = sendOne(message, signal).finally(() => underWay.delete(sending))
      underWay.add(sending)
      return sending
    },
    async close() {
      await Promise.allSettled(underWay)
      const pool = await opening.catch(() => undefined)
      pool?.close()
    },
  }
}

async function connect(smtp: SmtpSettings) {
  const { createTransport } = await import('nodemailer')
  const { host, port, user, password } = smtp
  return createTransport({
    pool: true,
    host,
    port,
    ...encryption(smtp),
    ...(user === null ? {} : { auth: { user, pass: password ?? '' } }),
    maxConnections: CONNECTIONS_MAX,
    maxRequeues: 1,
    idleTimeout: IDLE_MS,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    dnsTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    maxResponseSize: RESPONSE_BYTES_MAX,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
}

type Encryption = { secure: boolean; requireTLS?: boolean; ignoreTLS?: boolean }

/** By what the server offers: at once on port 465, else STARTTLS; that must come about where a password depends on it. */
export function encryption({ secure, port, user, host }: SmtpSettings): Encryption {
  if (secure === 'never') return { secure: false, ignoreTLS: true }
  if (secure === 'always' || port === 465) return { secure: true }
  return user !== null && !isLoopback(host) ? { secure: false, requireTLS: true } : { secure: false }
}

const REASONS: Readonly<Record<string, string>> = {
  EAUTH: 'the mail server refused the user or the password',
  ENOAUTH: 'the mail server refused the user or the password',
  EENVELOPE: 'the mail server refused the sender or the recipient',
  EMESSAGE: 'the mail server refused the message',
  ETLS: 'no encrypted connection to the mail server came about',
  EREQUIRETLS: 'no encrypted connection to the mail server came about',
  ETIMEDOUT: 'the mail server did not answer in time',
  EDNS: 'the name of the mail server is not known',
  ECONNECTION: 'the mail server cannot be reached',
  ESOCKET: 'the mail server cannot be reached',
  EPROTOCOL: 'the mail server did not answer as one',
}

function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown }
  if (code === 'ESOCKET' && /certificate|TLS|SSL/i.test(String(message))) return REASONS.ETLS ?? ''
  return (typeof code === 'string' ? REASONS[code] : undefined) ?? 'the mail server did not take it'
}

const messageOf = (error: unknown): string => {
  const { code, message } = error as { code?: unknown; message?: unknown }
  return `${String(code)}: ${String(message)}`
}

/** Servers quote what they refuse, also as it was sent: plain, or in base64 together with the user. */
function withoutSecrets(text: string, { password }: SmtpSettings): string {
  if (!password) return text
  const holdsIt = (run: string) => Buffer.from(run, 'base64').includes(password)
  return text
    .replaceAll(/[\w+/-]{4,}={0,2}/g, (run) => (holdsIt(run) ? '[hidden]' : run))
    .replaceAll(password, '[hidden]')
}
