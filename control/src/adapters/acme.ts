/**
 * The certificate authority over acme-client: its signing, nonces and keys. Orders are asked for by its low level, for
 * its own calls hide why the authority refused, and know neither `replaces` nor renewal information (RFC 9773).
 *
 * The library is loaded at the first call: an instance without certificates pays nothing for it.
 */
import { Agent } from 'node:https'
import { z } from 'zod'
import { type AcmeClient, type AcmeOrder, AcmeRefused } from '../acme/port.ts'

export type AcmeAddress = {
  directory: string
  email: string | null
  /** PEM of the authority that signed the directory's own certificate; the system's when null. */
  ca: string | null
  version: string
}

export type AcmeAccount = {
  /** PEM. */
  key: string
  url: string | null
  /** Called with the account's URL once it is known. */
  keepUrl(url: string): Promise<void>
}

type Answer = { status: number; headers: Record<string, unknown>; data: unknown }
/** What acme-client has and its types do not tell. */
type Wire = {
  http: {
    maxBadNonceRetries: number
    getDirectory(): Promise<unknown>
    signedRequest(url: string, payload: unknown, options: { kid: string | null }): Promise<Answer>
  }
}

const TIMEOUT_MS = 30_000
/** One nonce in three refused, twenty in a row are one in three billion. */
const NONCE_TRIES = 20
const LISTED_ORDERS_MAX = 30
const LIST_PAGES_MAX = 20

const Directory = z.looseObject({
  newAccount: z.url(),
  newOrder: z.url(),
  renewalInfo: z.url().optional(),
})
const Fault = z.object({ type: z.string().default('unknown'), detail: z.string().default('') })
const Order = z.object({
  status: z.enum(['pending', 'ready', 'processing', 'valid', 'invalid']),
  identifiers: z.array(z.object({ value: z.string() })),
  authorizations: z.array(z.url()),
  finalize: z.url(),
  certificate: z.url().nullish(),
  error: Fault.nullish(),
})
const Authorization = z.object({
  identifier: z.object({ value: z.string() }),
  status: z.enum(['pending', 'valid', 'invalid', 'deactivated', 'expired', 'revoked']),
  challenges: z.array(
    z.object({
      type: z.string(),
      url: z.url(),
      token: z.string().default(''),
      status: z.enum(['pending', 'processing', 'valid', 'invalid']),
      error: Fault.nullish(),
    }),
  ),
})
const Renewal = z.object({ suggestedWindow: z.object({ start: z.string(), end: z.string() }) })

const shortType = (type: string) => type.slice(type.lastIndexOf(':') + 1)
const faultOf = (fault: z.infer<typeof Fault> | null | undefined) =>
  fault ? { type: shortType(fault.type), detail: fault.detail } : null

export function acmeClient(address: AcmeAddress, account: AcmeAccount): AcmeClient {
  const authority = new Authority(address, account)
  const orderAt = async (url: string) => orderOf(url, await authority.ask(url, null))
  return {
    account: () => authority.account(),
    order: orderAt,
    async newOrder(names, replaces) {
      const { newOrder, renewalInfo } = await authority.directory()
      const identifiers = names.map((value) => ({ type: 'dns', value }))
      const answer = await authority.ask(newOrder, {
        identifiers,
        ...(replaces !== null && renewalInfo !== undefined && { replaces }),
      })
      return orderOf(header(answer, 'location') ?? '', answer)
    },
    async findOrder(names) {
      const wanted = names.toSorted().join()
      for (const url of await authority.listOrders()) {
        const answer = await authority.ask(url, null)
        const { identifiers, status } = Order.parse(answer.data)
        const found = identifiers
          .map(({ value }) => value)
          .toSorted()
          .join()
        if (found === wanted && (status === 'pending' || status === 'ready')) return orderOf(url, answer)
      }
      return undefined
    },
    async authorization(url) {
      const answer = await authority.ask(url, null)
      const { identifier, status, challenges } = Authorization.parse(answer.data)
      return {
        ...{ url, status, host: identifier.value, retryAfterMs: retryAfter(answer) },
        challenges: challenges.map((each) => ({ ...each, error: faultOf(each.error) })),
      }
    },
    async proofOf({ type, token }) {
      const { client } = await authority.open()
      return client.getChallengeKeyAuthorization({ type, token, url: '', status: 'pending' } as never)
    },
    async answer(url) {
      await authority.ask(url, {})
    },
    async finalize(url, csr) {
      await authority.ask(url, { csr: bodyOfPem(csr) })
    },
    certificate: async (url) => z.string().parse((await authority.ask(url, null)).data),
    async renewalWindow(certificateId) {
      const { renewalInfo } = await authority.directory()
      return renewalInfo === undefined ? undefined : authority.window(`${renewalInfo}/${certificateId}`)
    },
  }
}

/** The connection: one per directory and account key. */
class Authority {
  readonly #address: AcmeAddress
  readonly #account: AcmeAccount
  #url: string | null
  #opened: ReturnType<typeof openWire> | undefined

  constructor(address: AcmeAddress, account: AcmeAccount) {
    this.#address = address
    this.#account = account
    this.#url = account.url
  }

  open() {
    this.#opened ??= openWire(this.#address, this.#account.key)
    return this.#opened
  }

  async directory() {
    const { wire } = await this.open()
    return Directory.parse(await wire.http.getDirectory())
  }

  /** The same key finds the same account, however often it is asked (RFC 8555, 7.3). */
  async account(): Promise<string> {
    if (this.#url !== null) return this.#url
    const { wire } = await this.open()
    const { newAccount } = await this.directory()
    const { email } = this.#address
    const contact = email === null ? {} : { contact: [`mailto:${email}`] }
    const wish = { termsOfServiceAgreed: true, ...contact }
    const answer = checked(await wire.http.signedRequest(newAccount, wish, { kid: null }))
    const url = z.url().parse(header(answer, 'location'))
    await this.#account.keepUrl(url)
    this.#url = url
    return url
  }

  /** Null as payload is a POST-as-GET. An authority that has forgotten us is told of our key again. */
  async ask(url: string, payload: object | null): Promise<Answer> {
    try {
      return await this.#signed(url, payload)
    } catch (error) {
      if (!(error instanceof AcmeRefused) || error.type !== 'accountDoesNotExist') throw error
      this.#url = null
      return this.#signed(url, payload)
    }
  }

  async #signed(url: string, payload: object | null): Promise<Answer> {
    const kid = await this.account()
    const { wire } = await this.open()
    return checked(await wire.http.signedRequest(url, payload, { kid }))
  }

  /** Newest first; none where the authority keeps no list, as Let's Encrypt, which gives a pending order out again. */
  async listOrders(): Promise<string[]> {
    const { data } = await this.ask(await this.account(), null)
    let next = z.object({ orders: z.url().optional() }).parse(data).orders
    const urls: string[] = []
    for (let pages = 0; next !== undefined && pages < LIST_PAGES_MAX; pages++) {
      const answer = await this.ask(next, null)
      urls.push(...z.object({ orders: z.array(z.url()) }).parse(answer.data).orders)
      next = /<([^>]+)>;\s*rel="next"/.exec(header(answer, 'link') ?? '')?.[1]
    }
    return urls.toReversed().slice(0, LISTED_ORDERS_MAX)
  }

  async window(url: string) {
    const { library } = await this.open()
    // No signature: whoever has the certificate may ask.
    const answer = (await library.axios.get(url, { validateStatus: null })) as Answer
    if (answer.status === 404) return undefined
    const { suggestedWindow } = Renewal.parse(checked(answer).data)
    return {
      startMs: Date.parse(suggestedWindow.start),
      endMs: Date.parse(suggestedWindow.end),
      retryAfterMs: retryAfter(answer),
    }
  }
}

async function openWire({ directory, ca, version }: AcmeAddress, key: string) {
  const library = (await import('acme-client')).default
  const { defaults } = library.axios
  // Its own patience would hold a whole pass: what failed is tried again by the reconciler, in its time.
  Object.assign(defaults, { acmeSettings: { retryMaxAttempts: 0, retryDefaultDelay: 1 } })
  Object.assign(defaults, { timeout: TIMEOUT_MS, maxRedirects: 0 })
  if (ca !== null) Object.assign(defaults, { httpsAgent: new Agent({ ca, keepAlive: true }) })
  defaults.headers.common['User-Agent'] = `Cascata/${version}`
  const client = new library.Client({ directoryUrl: directory, accountKey: key })
  const wire = client as unknown as Wire
  wire.http.maxBadNonceRetries = NONCE_TRIES
  return { library, client, wire }
}

function checked(answer: Answer): Answer {
  if (answer.status < 400) return answer
  const fault = Fault.safeParse(answer.data)
  const { type, detail } = fault.success ? fault.data : { type: 'unknown', detail: `HTTP ${answer.status}` }
  throw new AcmeRefused({
    ...{ status: answer.status, type: shortType(type), detail, retryAfterMs: retryAfter(answer) },
  })
}

function orderOf(url: string, answer: Answer): AcmeOrder {
  const order = Order.parse(answer.data)
  const { status, authorizations, finalize } = order
  return {
    ...{ url: z.url().parse(url), status, authorizations, finalize, retryAfterMs: retryAfter(answer) },
    certificate: order.certificate ?? null,
    error: faultOf(order.error),
  }
}

function header({ headers }: Answer, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : Array.isArray(value) ? value.join(', ') : undefined
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
function retryAfter(answer: Answer): number | null {
  const text = header(answer, 'retry-after')
  if (text === undefined) return null
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now()
  return Number.isNaN(ms) ? null : Math.max(0, ms)
}

const bodyOfPem = (pem: string) =>
  Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64').toString('base64url')

/** A fresh key of an account or a certificate: P-256. */
export const newKey = async (): Promise<string> => {
  const { crypto } = (await import('acme-client')).default
  return (await crypto.createPrivateEcdsaKey('P-256')).toString()
}

/** PEM; the names stand in the extension alone, for a common name ends at 64 characters. */
export const newCsr = async (names: readonly string[], key: string): Promise<string> => {
  const { crypto } = (await import('acme-client')).default
  const [, csr] = await crypto.createCsr({ altNames: [...names] }, key)
  return csr.toString()
}
