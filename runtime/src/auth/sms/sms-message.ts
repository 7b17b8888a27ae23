/** A text message and the code in it. */
export type SmsMessage = {
  /** E.164, with or without the plus. */
  to: string
  text: string
  channel: 'sms' | 'whatsapp'
  otp: string
}
