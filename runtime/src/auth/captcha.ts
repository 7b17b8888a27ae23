/**
 * Asks hCaptcha or Turnstile whether a token is good. Both speak the same protocol: a form in, `success` out.
 *
 * Whatever is not a clear yes is a no: a service that cannot be reached lets nobody pass, or switching it off would be
 * the way round it.
 */
import { z } from 'zod'

export type CaptchaSettings = {
  provider: 'hcaptcha' | 'turnstile'
  secret: string
  /** Another address of the same protocol: a proxy, or a service of one's own. */
  verifyUrl?: string | undefined
}
export type CaptchaVerdict =
  | { passed: true }
  /** `reasons` for the log and the message: the service's own codes. `unreachable`: nobody said anything about the token. */
  | { passed: false; unreachable: boolean; reasons: string[] }

type Asked = {
  token: string /** the client's, when it is known */
  address?: string | undefined
  signal: AbortSignal
}

const VERIFY_URLS = {
  hcaptcha: 'https://api.hcaptcha.com/siteverify',
  turnstile: 'https://challenges.cloudflare.com/turnstile/v0/siteverify',
}

const TIMEOUT_MS = 10_000
const TOKEN_LENGTH_MAX = 8_192
const ANSWER_BYTES_MAX = 64 * 1024

const Answer = z.object({
  success: z.boolean(),
  'error-codes': z.array(z.string().max(100)).max(20).optional(),
})

export async function verifyCaptcha(
  settings: CaptchaSettings,
  asked: Asked,
  timeoutMs = TIMEOUT_MS,
): Promise<CaptchaVerdict> {
  const token = asked.token.trim()
  if (token === '') return no(['missing-input-response'])
  if (token.length > TOKEN_LENGTH_MAX) return no(['invalid-input-response'])
  try {
    const text = await post(settings, { ...asked, token }, timeoutMs)
    const { success, 'error-codes': codes = [] } = Answer.parse(JSON.parse(text))
    return success ? { passed: true } : no(codes)
  } catch (cause) {
    asked.signal.throwIfAborted()
    return { passed: false, unreachable: true, reasons: [reasonOf(cause)] }
  }
}

async function post(settings: CaptchaSettings, asked: Asked, timeoutMs: number): Promise<string> {
  const { provider, secret, verifyUrl = VERIFY_URLS[provider] } = settings
  const body = new URLSearchParams({ secret, response: asked.token })
  if (asked.address) body.set('remoteip', asked.address)
  const signal = AbortSignal.any([asked.signal, AbortSignal.timeout(timeoutMs)])
  // The body holds the secret: it goes nowhere else.
  const response = await fetch(verifyUrl, { method: 'POST', body, signal, redirect: 'error' })
  let [text, bytes] = ['', 0]
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > ANSWER_BYTES_MAX) throw new RangeError('answer too large')
    text += decoder.decode(chunk, { stream: true })
  }
  return text
}

const no = (reasons: string[]): CaptchaVerdict => ({ passed: false, unreachable: false, reasons })

/** A word, and nothing that was sent or received. */
function reasonOf(cause: unknown): string {
  if (cause instanceof DOMException && cause.name === 'TimeoutError') return 'timeout'
  return cause instanceof TypeError ? 'not-reached' : 'answer-not-understood'
}
