/** Twilio's Programmable Messaging, and whatever speaks its REST API (2010-04-01). */
import { boundedFetch, outboundReason, withoutSecrets } from '../outbound.ts'
import { SmsSendFailed } from './errors.ts'
import { SMS_ANSWER_BYTES_MAX, SMS_TIMEOUT_MS } from './limits.ts'
import type { SmsMessage } from './sms-message.ts'

export type TwilioSettings = {
  kind: 'twilio'
  accountSid: string
  authToken: string
  /** Either a number of one's own or a service that has some. */
  from?: string | undefined
  messagingServiceSid?: string | undefined
  url?: string | undefined
}

const TWILIO_URL = 'https://api.twilio.com'

/** @returns the message's sid */
export async function sendByTwilio(
  settings: TwilioSettings,
  message: SmsMessage,
  signal: AbortSignal,
): Promise<string | null> {
  const { accountSid, authToken, url = TWILIO_URL } = settings
  const place = `${url.replace(/\/+$/, '')}/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/Messages.json`
  const ask = boundedFetch({ timeoutMs: SMS_TIMEOUT_MS, bytesMax: SMS_ANSWER_BYTES_MAX, signal })
  const response = await ask(place, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}` },
    body: formOf(settings, message),
  }).catch((error: unknown) => {
    signal.throwIfAborted()
    throw new SmsSendFailed(`Twilio was not reached: ${outboundReason(error)}`)
  })
  const answer = parseAnswer(await response.text())
  if (!response.ok) {
    const sent = [message.text, message.otp, authToken, `${accountSid}:${authToken}`]
    const said = new Error(
      `Twilio answered ${response.status}: ${withoutSecrets(answer.message ?? '', sent)}`,
    )
    throw new SmsSendFailed(refusal(response.status, answer.code)).because(said)
  }
  // Taken, and found undeliverable at once.
  if (answer.status === 'failed' || answer.status === 'undelivered') {
    throw new SmsSendFailed(refusal(response.status, answer.error_code))
  }
  return answer.sid ?? null
}

function formOf({ from, messagingServiceSid }: TwilioSettings, message: SmsMessage): URLSearchParams {
  const on = (number: string) => (message.channel === 'whatsapp' ? `whatsapp:${number}` : number)
  const form = new URLSearchParams({ To: on(message.to), Body: message.text })
  if (messagingServiceSid !== undefined) form.set('MessagingServiceSid', messagingServiceSid)
  else form.set('From', on(from ?? ''))
  return form
}

type Answer = {
  sid?: string | undefined
  status?: string | undefined
  message?: string | undefined
  code?: number | undefined
  error_code?: number | undefined
}

function parseAnswer(text: string): Answer {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return {}
    const words = (name: string) => {
      const found = (value as Record<string, unknown>)[name]
      return typeof found === 'string' ? found.slice(0, 500) : undefined
    }
    const number = (name: string) => {
      const found = (value as Record<string, unknown>)[name]
      return typeof found === 'number' ? found : undefined
    }
    return {
      ...{ sid: words('sid'), status: words('status'), message: words('message') },
      ...{ code: number('code'), error_code: number('error_code') },
    }
  } catch {
    return {}
  }
}

/** Of Twilio's codes, those that whoever asked for the message can do something about. */
const REASONS: Readonly<Record<number, string>> = {
  20003: 'Twilio refused accountSid or authToken',
  21211: 'the number is not one that can be reached',
  21408: 'messages to that country are not switched on at Twilio',
  21610: 'the number has asked for no more messages',
  21614: 'the number takes no text messages',
}

const refusal = (status: number, code: number | undefined): string =>
  (code === undefined ? undefined : REASONS[code]) ??
  `Twilio did not take it (status ${status}${code === undefined ? '' : `, code ${code}`})`
