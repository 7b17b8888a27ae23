/** What authenticators say of their own make is nobody's business here: nothing that it names is fetched. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { androidStatement } from '../harness/android-statement.ts'
import { createPeople } from '../harness/auth-people.ts'
import { type AuthRuntime, startAuthRuntime } from '../harness/auth-runtime.ts'
import { createAuthenticator, type Lies, type Statement } from '../harness/authenticator.ts'
import { cbor } from '../harness/cbor.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'

let pg: TestPostgres
let auth: AuthRuntime
let lists: Server
let fetched = 0
const { signedUp, post } = createPeople(() => auth)

beforeAll(async () => {
  pg = await startPostgres()
  const webauthn = { enroll: true, verify: true }
  auth = await startAuthRuntime(pg, { passkeys: { enabled: true }, mfa: { webauthn } })
  lists = createServer((_request, response) => {
    fetched += 1
    response.end()
  })
  await new Promise<void>((resolve) => lists.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  await auth?.stop()
  lists?.close()
  await pg?.stop()
})

const authenticator = () => createAuthenticator({ origin: 'http://app.test', rpId: 'app.test' })

/** In a place inside, as an intruder would have it. */
const android: Statement = (about) =>
  androidStatement(`http://127.0.0.1:${(lists.address() as AddressInfo).port}/list`)(about)
const unknown: Statement = () => ({ format: 'of my own', statement: cbor.map({ x: cbor.text('y') }) })

const asPasskey = async (lies: Lies) => {
  const [{ bearer }, key] = [await signedUp(), authenticator()]
  const { body } = await post('/passkeys/registration/options', bearer)
  const answer = { challenge_id: body.challenge_id, credential: key.create(body.options, lies) }
  const made = await post('/passkeys/registration/verify', bearer, answer)
  const { body: asked } = await post('/passkeys/authentication/options')
  const signed = { challenge_id: asked.challenge_id, credential: key.sign(asked.options) }
  return [made, await post('/passkeys/authentication/verify', undefined, signed)]
}

const asSecurityKey = async (lies: Lies) => {
  const [{ bearer }, key] = [await signedUp(), authenticator()]
  const { body: factor } = await post('/factors', bearer, { factor_type: 'webauthn', friendly_name: 'key' })
  const answered = async () => {
    const { body } = await post(`/factors/${factor.id}/challenge`, bearer)
    const { type, credential_options: options } = body.webauthn as {
      type: 'create' | 'request'
      credential_options: { publicKey: unknown }
    }
    const make = type === 'create' ? key.create : key.sign
    const webauthn = { type, credential_response: make(options.publicKey, type === 'create' ? lies : {}) }
    return post(`/factors/${factor.id}/verify`, bearer, { challenge_id: body.id, webauthn })
  }
  return [await answered(), await answered()]
}

test.each([
  ['a passkey', 'certificates of Android', asPasskey, android],
  ['a security key', 'certificates of Android', asSecurityKey, android],
  ['a passkey', 'words that nobody knows', asPasskey, unknown],
  ['a security key', 'words that nobody knows', asSecurityKey, unknown],
])(
  '%s with %s is one like any other, and no list that they name is fetched',
  async (_of, _with, registered, statement) => {
    const [made, used] = await registered({ statement })
    expect([fetched, made?.status, used?.status]).toEqual([0, 200, 200])
    const rows = await pg.admin()`
    select attestation_type as said from auth.webauthn_credentials
    union select web_authn_credential ->> 'attestationType' from auth.mfa_factors`
    expect(rows).toEqual([{ said: 'none' }])
  },
)
