/** Calls of a DNS provider's API: bounded in time, and what they refuse said in the provider's own words. */
import { DnsProviderFailed } from '@cascata/shared/problems/certificates'

export type Call = { method?: string; headers?: Record<string, string>; body?: string }
export type Reply = { status: number; text: string }

const TIMEOUT_MS = 20_000
const SAID_MAX = 300

/** @throws DnsProviderFailed when there is no answer at all. */
export async function call(provider: string, url: string, options: Call = {}): Promise<Reply> {
  try {
    const answer = await fetch(url, {
      ...options,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    return { status: answer.status, text: await answer.text() }
  } catch (error) {
    throw DnsProviderFailed(provider, 'it does not answer').because(error)
  }
}

export const refusal = (provider: string, what: string, { status, text }: Reply) =>
  DnsProviderFailed(provider, `${what}: HTTP ${status} ${text.replaceAll(/\s+/g, ' ').slice(0, SAID_MAX)}`)

/** A JSON API behind a bearer token. */
export function jsonApi(provider: string, base: string, token: string) {
  const ask = async (method: string, path: string, body?: object): Promise<Reply> =>
    call(provider, `${base}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
  return {
    ask,
    /** @throws for an answer that is no success, unless its status is one of `fine`. */
    async json(method: string, path: string, options: { body?: object; fine?: readonly number[] } = {}) {
      const reply = await ask(method, path, options.body)
      const isFine = (reply.status >= 200 && reply.status < 300) || options.fine?.includes(reply.status)
      if (!isFine) throw refusal(provider, `${method} ${path}`, reply)
      return { status: reply.status, body: parsed(reply.text) }
    },
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
