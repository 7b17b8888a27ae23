/**
 * Sends a project's text messages through the provider of its settings, which are read for each message.
 *
 * It knows neither users nor codes' meaning, nor how often one may be sent.
 */
import { type Clock, systemClock } from '@cascata/shared/clock'
import { SmsSendFailed } from './errors.ts'
import type { SmsMessage } from './sms-message.ts'
import { sendByTwilio, type TwilioSettings } from './twilio.ts'
import { sendByWebhook, type WebhookSettings } from './webhook.ts'

export type Sms = {
  /** @throws SmsSendFailed */
  send(message: SmsMessage, signal: AbortSignal): Promise<{ messageId: string | null }>
}

export type SmsSettings = { provider: null | TwilioSettings | WebhookSettings }

export function createSms(settings: () => SmsSettings, clock: Clock = systemClock): Sms {
  return {
    async send(message, signal) {
      signal.throwIfAborted()
      const { provider } = settings()
      if (provider === null) throw new SmsSendFailed('the project has no SMS provider: set phone.provider')
      if (!/^\+?[1-9]\d{1,14}$/.test(message.to)) throw new SmsSendFailed('the number is not in E.164')
      const ready = { ...message, to: `+${message.to.replace(/^\+/, '')}` }
      const messageId = await (provider.kind === 'twilio'
        ? sendByTwilio(provider, ready, signal)
        : sendByWebhook(provider, ready, { signal, clock }))
      return { messageId }
    },
  }
}
