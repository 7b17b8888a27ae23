/** E-mail addresses and phone numbers as they are stored and compared. Pure. */
import { EmailInvalid, EmailUnreachable, PhoneInvalid } from './errors.ts'

const EMAIL =
  /^[^\s@"(),:;<>[\\\]]+@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/
const EMAIL_LENGTH_MAX = 255
/** E.164 without the plus, as GoTrue stores it. */
const PHONE = /^[1-9][0-9]{1,14}$/

/** @throws EmailInvalid */
export function parseEmail(text: string): string {
  const email = text.trim().toLowerCase()
  if (email.length > EMAIL_LENGTH_MAX || !EMAIL.test(email)) throw EmailInvalid()
  return email
}

/** Of somebody who is to have it from now on: those that are there already may keep what they have. @throws EmailInvalid, EmailUnreachable */
export function parseNewEmail(text: string): string {
  const email = parseEmail(text)
  if (/[@.]invalid$/.test(email)) throw EmailUnreachable(email)
  return email
}

/** @throws PhoneInvalid */
export function parsePhone(text: string): string {
  const phone = text.trim().replace(/^\+/, '').replaceAll(/\s/g, '')
  if (!PHONE.test(phone)) throw PhoneInvalid()
  return phone
}
