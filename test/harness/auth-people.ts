/** Users of a project under test, and their second factors, as the real client makes them. */
import { randomUUID } from 'node:crypto'
import type { SupabaseClient } from '@supabase/supabase-js'
import { expect } from 'vitest'
import type { AuthPlace, Called } from './auth-place.ts'
import { STEP_MS, totpAt } from './totp.ts'

const PASSWORD = 'a long enough passphrase 4711'

/** `422 mfa_verification_failed` */
export const refusal = ({ status, body }: Called): string => `${status} ${body.error_code}`

/** @param auth asked at each call: it starts after the tests are read. */
export function createPeople(auth: () => AuthPlace) {
  const signedIn = async (email: string) => {
    const client = auth().client({ experimental: { passkey: true } })
    const { data, error } = await client.auth.signInWithPassword({ email, password: PASSWORD })
    expect(error).toBeNull()
    if (!data.session || !data.user) throw new Error('no session')
    return { client, session: data.session, user: data.user, bearer: data.session.access_token }
  }

  /** Confirmed, and with a session at aal1. */
  const signedUp = async () => {
    // Suites may share a project.
    const email = `person-${randomUUID().slice(0, 13)}@example.com`
    const { admin } = auth().admin().auth
    const made = await admin.createUser({ email, password: PASSWORD, email_confirm: true })
    expect(made.error).toBeNull()
    return { email, ...(await signedIn(email)) }
  }

  const post = (path: string, bearer?: string, body: object = {}, headers = {}): Promise<Called> =>
    auth().call('POST', path, { body, headers, ...(bearer !== undefined && { bearer }) })

  const codeNow = (secret: string): string => totpAt(secret, auth().now())

  /** Of the next step: no code was used in it yet. */
  const nextCode = async (secret: string): Promise<string> => {
    await auth().later(STEP_MS)
    return codeNow(secret)
  }

  const enrolled = async (client: SupabaseClient, friendlyName?: string) => {
    const named = friendlyName === undefined ? {} : { friendlyName }
    const { data, error } = await client.auth.mfa.enroll({ factorType: 'totp', ...named })
    expect(error).toBeNull()
    if (!data) throw new Error('no factor')
    return { id: data.id, secret: data.totp.secret, totp: data.totp }
  }

  const challenged = async (factorId: string, bearer: string): Promise<string> => {
    const { body, status } = await post(`/factors/${factorId}/challenge`, bearer)
    expect(status).toBe(200)
    return String(body.id)
  }

  /** With a verified factor, and a session at aal2. */
  const protectedUser = async () => {
    const person = await signedUp()
    const factor = await enrolled(person.client)
    const code = await nextCode(factor.secret)
    const answer = { factorId: factor.id, code }
    const { data, error } = await person.client.auth.mfa.challengeAndVerify(answer)
    expect(error).toBeNull()
    if (!data) throw new Error('not verified')
    return { ...person, factor: { ...factor, used: code }, bearer: data.access_token }
  }

  return { signedIn, signedUp, post, codeNow, nextCode, enrolled, challenged, protectedUser }
}
