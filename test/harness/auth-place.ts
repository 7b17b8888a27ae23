/**
 * Where the suites of auth speak to: a runtime from source, or a project behind the edge of an instance. Everything they ask
 * goes over the wire; how settings get there, and how time passes, is the place's own.
 */
import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import { eventually } from './eventually.ts'

export type ReceivedMail = {
  to: string[]
  subject: string
  html: string
  text: string
  links: string[]
  code: string | undefined
}

export type CallOptions = {
  body?: unknown
  bearer?: string
  headers?: Record<string, string>
  key?: string | null
}
export type Called = { status: number; headers: Headers; body: Record<string, unknown>; text: string }

export type Row = Record<string, unknown>

/** What is asked over the wire. */
export type AuthWire = {
  /** `http://127.0.0.1:1234` */
  url: string
  keys: { anon: string; service: string }
  /** Reaches what is on this machine by the names that the place has. */
  fetch: typeof globalThis.fetch
  /** A client of its own, without a session. */
  client(options?: object): SupabaseClient
  admin(): SupabaseClient
  call(method: string, path: string, options?: CallOptions): Promise<Called>
}

export type Mailbox = {
  /** The next mail to that address which nobody took yet. */
  mailTo(address: string): Promise<ReceivedMail>
  mailCount(address: string): number
}

export type AuthPlace = AuthWire &
  Mailbox & {
    /** The project's: what nobody outside has. */
    secret: string
    /** Takes the place of what was set before; the usual settings stay beneath. */
    set(auth: object): Promise<void>
    /** For what lies in the database, so much time passes. */
    later(ms: number): Promise<void>
    /** What the service takes for now, in milliseconds. */
    now(): number
    /** Of one statement, as the tenant's `postgres` reads them. Values are texts. */
    rows(text: TemplateStringsArray, ...values: string[]): Promise<Row[]>
    /** Statements of the tenant's. */
    run(sql: string): Promise<void>
    /** What listens on this machine's loopback is reached by the service under the same address. */
    reach(port: number): Promise<void>
    /** Whatever the service wrote down. */
    logged(): Promise<string>
    stop(): Promise<void>
  }

/** @param given settings of the whole suite. */
export type OpenAuth = (given?: object) => Promise<AuthPlace>

/** Limits are what some tests are about; the others shall not meet them. */
export const USUAL = {
  redirectUrls: ['http://app.test/**'],
  siteUrl: 'http://app.test',
  email: { maxFrequencyS: 0 },
  rateLimits: {
    emailsPerHour: 100_000,
    otpPer5Min: 100_000,
    verifyPer5Min: 100_000,
    signInPer5Min: 100_000,
    refreshPer5Min: 100_000,
    anonymousPerHour: 100_000,
    smsPerHour: 100_000,
  },
}

type At = Pick<AuthWire, 'url' | 'keys' | 'fetch'>

export function wireTo({ url, keys, fetch }: At): AuthWire {
  const clientOf = (key: string, options: object) =>
    createClient(url, key, {
      auth: { persistSession: false, autoRefreshToken: false, ...options },
      global: { fetch },
    })
  return {
    ...{ url, keys, fetch },
    client: (options = {}) => clientOf(keys.anon, options),
    admin: () => clientOf(keys.service, {}),
    async call(method, path, { body, bearer, headers = {}, key = keys.anon } = {}) {
      const answer = await fetch(`${url}/auth/v1${path}`, {
        method,
        redirect: 'manual',
        headers: {
          ...(key === null ? {} : { apikey: key }),
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await answer.text()
      const parsed: unknown = text.startsWith('{') ? JSON.parse(text) : {}
      return { status: answer.status, headers: answer.headers, body: parsed as Called['body'], text }
    },
  }
}

type Mail = { html?: string | false | undefined; text?: string | undefined; subject?: string | undefined }

/** @param received what a mail server goes on filling. */
export function mailboxOf(received: readonly { mail: Mail; to: string[] }[]): Mailbox {
  const taken = new Set<unknown>()
  const found = (address: string) => received.filter(({ to }) => to.includes(address))
  return {
    mailTo: (address) =>
      eventually(10_000, async () => {
        const mail = found(address).find((each) => !taken.has(each))
        if (!mail) throw new Error(`no mail to ${address} yet`)
        taken.add(mail)
        return readable(mail)
      }),
    mailCount: (address) => found(address).length,
  }
}

function readable({ mail, to }: { mail: Mail; to: string[] }): ReceivedMail {
  const html = mail.html || ''
  const text = mail.text ?? ''
  const links = [...html.matchAll(/href="([^"]+)"/g)].map(([, href = '']) => href.replaceAll('&amp;', '&'))
  return { to, subject: mail.subject ?? '', html, text, links, code: /\b\d{6,10}\b/.exec(text)?.[0] }
}
