/**
 * Hooks that are HTTP endpoints, signed so that they can tell who calls.
 *
 * Where a request goes is a setting of the project, which only its operator can change; it may lead into the private
 * network of the machine, as a mail server's address may. Redirects are not followed: an endpoint cannot send the
 * runtime, and what it carries, elsewhere. Nothing of an answer that is no proper one is shown to anybody.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '@cascata/shared/clock'
import {
  HookFailed,
  HookPayloadInvalidContentType,
  HookPayloadOverSizeLimit,
  HookTimeout,
  HookTimeoutAfterRetry,
} from './errors.ts'
import { ANSWER_BYTES_MAX, HTTP_ATTEMPTS_MAX, HTTP_BACKOFF_MS, HTTP_TIMEOUT_MS } from './limits.ts'
import { webhookHeaders } from './webhook-headers.ts'

export type HttpPace = { timeoutMs: number; backoffMs: number; attemptsMax: number }
export const HTTP_PACE: HttpPace = {
  timeoutMs: HTTP_TIMEOUT_MS,
  backoffMs: HTTP_BACKOFF_MS,
  attemptsMax: HTTP_ATTEMPTS_MAX,
}

export type HttpHook = { uri: string; secrets: readonly string[] }
type Deps = { clock: Clock; pace: HttpPace; signal: AbortSignal }

/** @returns the parsed answer; undefined when it has none */
export async function askEndpoint(hook: HttpHook, payload: string, deps: Deps): Promise<unknown> {
  const url = endpointOf(hook.uri)
  const deadline = AbortSignal.timeout(deps.pace.timeoutMs)
  const signal = AbortSignal.any([deps.signal, deadline])
  try {
    return await attempts({ url, secrets: hook.secrets }, payload, { ...deps, signal })
  } catch (cause) {
    // The caller's leaving is the caller's; what took too long is the hook's.
    deps.signal.throwIfAborted()
    throw deadline.aborted ? HookTimeout(deps.pace.timeoutMs).because(cause) : cause
  }
}

async function attempts(
  hook: { url: URL; secrets: readonly string[] },
  body: string,
  { clock, pace, signal }: Deps,
): Promise<unknown> {
  for (let attempt = 1; ; attempt += 1) {
    const isLast = attempt >= pace.attemptsMax
    const message = { id: randomUUID(), timestampS: Math.floor(clock.now() / 1000), body }
    const headers = { 'content-type': 'application/json', ...webhookHeaders(message, hook.secrets) }
    let response: Response
    try {
      response = await fetch(hook.url, { method: 'POST', headers, body, signal, redirect: 'manual' })
    } catch (cause) {
      if (signal.aborted) throw cause
      if (isLast) throw HookTimeoutAfterRetry(pace.attemptsMax).because(cause)
      await wait(pace.backoffMs, undefined, { signal })
      continue
    }
    const waitMs = askedToWaitMs(response, pace)
    if (waitMs === undefined) return await answerOf(response)
    await response.body?.cancel()
    if (isLast) throw HookFailed('is not available at the moment')
    await wait(waitMs, undefined, { signal })
  }
}

/** Only who names `Retry-After` is asked again. What is no number means at once: GoTrue takes any value. */
function askedToWaitMs({ status, headers }: Response, { backoffMs }: HttpPace): number | undefined {
  const retryAfter = headers.get('retry-after') ?? ''
  if ((status !== 429 && status !== 503) || retryAfter === '') return undefined
  return Math.min(backoffMs, (Number.parseInt(retryAfter, 10) || 0) * 1000)
}

async function answerOf(response: Response): Promise<unknown> {
  const { status, headers } = response
  const type = headers.get('content-type')
  if (status !== 200 && status !== 202 && status !== 204) {
    await response.body?.cancel()
    throw HookFailed(`answered with status ${status}`)
  }
  if (status === 204) return undefined
  if (type?.split(';')[0]?.trim().toLowerCase() !== 'application/json') {
    await response.body?.cancel()
    throw HookPayloadInvalidContentType(type === null ? 'of no type' : 'of another type')
  }
  const text = await readBounded(response)
  try {
    return text.trim() === '' ? undefined : JSON.parse(text)
  } catch (cause) {
    throw HookFailed('answered with something that is no JSON').because(cause)
  }
}

/** What a `Content-Length` says need not be true: bytes are counted as they come. */
async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    // Leaving the loop ends the connection.
    if (bytes > ANSWER_BYTES_MAX) throw HookPayloadOverSizeLimit(ANSWER_BYTES_MAX)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function endpointOf(uri: string): URL {
  const url = URL.parse(uri)
  if (url !== null && (url.protocol === 'https:' || url.protocol === 'http:')) return url
  throw HookFailed('has an address that is neither http(s):// nor pg-functions://')
}
