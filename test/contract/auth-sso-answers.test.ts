/** What comes back from an identity provider of single sign-on: whose, for whom, how often and how long it counts. */
import { randomUUID } from 'node:crypto'
import { type IdpHarness, startIdp } from '@cascata/runtime/auth/saml/idp-harness'
import {
  type Crafted,
  craftResponse,
  type IdpKey,
  makeIdpKey,
  signResponse,
} from '@cascata/runtime/auth/saml/responses-harness'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type AuthRuntime, startAuthRuntime } from '../harness/auth-runtime.ts'
import { heldConnections, isWaitedFor, startHookEndpoint } from '../harness/hook-endpoint.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'
import { createSso } from '../harness/sso.ts'

let pg: TestPostgres
let auth: AuthRuntime
/** Of another project, on a database of its own. */
let other: AuthRuntime
let otherPg: TestPostgres
let idp: IdpHarness
let key: IdpKey
let providerId: string
const SETTINGS = { saml: { enabled: true }, privateHosts: true }
const sso = createSso(() => auth)

beforeAll(async () => {
  ;[pg, otherPg] = await Promise.all([startPostgres(), startPostgres()])
  key = makeIdpKey()
  idp = await startIdp(key)
  auth = await startAuthRuntime(pg, SETTINGS)
  other = await startAuthRuntime(otherPg, SETTINGS)
  providerId = await sso.provider({ metadata_xml: idp.metadata(), domains: ['example.com'] })
  await createSso(() => other).provider({ metadata_xml: idp.metadata(), domains: ['example.com'] })
})
afterAll(async () => {
  await auth?.stop()
  await other?.stop()
  idp?.close()
  await pg?.stop()
  await otherPg?.stop()
})
beforeEach(async () => {
  auth.clock.offsetMs = 0
  await auth.set({})
})

const now = () => new Date(Date.now() + auth.clock.offsetMs)

/** A sign-in under way: what the provider is to answer, and under which state. */
async function asked(client = auth.client()) {
  const url = new URL(await sso.begin(client))
  const relayState = url.searchParams.get('RelayState') ?? ''
  const [row] = await pg.admin()<{ request_id: string }[]>`
    select request_id from auth.saml_relay_states where id = ${relayState}`
  return { relayState, requestId: row?.request_id ?? '' }
}

const base = (): Omit<Crafted, 'inResponseTo' | 'nameId'> => ({
  ...{ issuer: idp.entityId, audience: `${auth.url}/auth/v1/sso/saml/metadata` },
  ...{ recipient: `${auth.url}/auth/v1/sso/saml/acs`, at: now(), assertionId: `_${randomUUID()}` },
})
const signed = (crafted: Crafted, by = key) =>
  Buffer.from(signResponse(craftResponse(crafted), by)).toString('base64')

/** As the provider would answer, but for what is said. */
async function answered(crafted: Partial<Crafted>, by = key): Promise<URL> {
  const { relayState, requestId } = await asked()
  const whole = { ...base(), inResponseTo: requestId, nameId: 'ada', ...crafted }
  return sso.post({
    SAMLResponse: signed({ attributes: { mail: 'ada@example.com' }, ...whole }, by),
    RelayState: relayState,
  })
}

describe('an answer', () => {
  test('is taken where all of it is right', async () => {
    const { user } = await sso.enter(await answered({ nameId: 'right' }))
    expect(user.identities).toMatchObject([{ id: 'right', provider: `sso:${providerId}` }])
  })

  test('counts once', async () => {
    const form = await sso.formOf('once')
    expect(sso.fragmentOf(await sso.post(form.fields)).get('access_token')).toBeTruthy()
    expect(sso.codeOf(await sso.post(form.fields))).toBe('saml_relay_state_not_found')
  })

  test('counts for the sign-in that it answers, and no other', async () => {
    const form = await sso.formOf('mine')
    const { relayState } = await asked()
    const moved = { SAMLResponse: form.fields.get('SAMLResponse') ?? '', RelayState: relayState }
    const back = await sso.post(moved)
    expect(back.searchParams.get('error_description')).toContain('InResponseTo')
  })

  test('that was wrong ends the sign-in that it was for', async () => {
    const { relayState, requestId } = await asked()
    const crafted = {
      ...base(),
      inResponseTo: requestId,
      nameId: 'ada',
      attributes: { mail: 'ada@example.com' },
    }
    const post = (by: IdpKey) => sso.post({ SAMLResponse: signed(crafted, by), RelayState: relayState })
    expect(sso.codeOf(await post(makeIdpKey()))).toBe('validation_failed')
    expect(sso.codeOf(await post(key))).toBe('saml_relay_state_not_found')
  })

  test('that was used already opens nothing, with another state either', async () => {
    const assertionId = `_${randomUUID()}`
    expect(sso.codeOf(await answered({ assertionId }))).toBe('none')
    const again = await answered({ assertionId })
    expect(again.searchParams.get('error_description')).toContain('it was used before')
  })

  test('comes within ten minutes', async () => {
    const form = await sso.formOf('slow')
    auth.clock.offsetMs = 10 * 60_000 + 1_000
    expect(sso.codeOf(await sso.post(form.fields))).toBe('saml_relay_state_expired')
  })

  test.each([
    ['of a state that nobody has', () => randomUUID()],
    ['without a state', () => ''],
    ['with a page in place of the state', () => 'http://app.test/in'],
  ])('%s is of no sign-in', async (_what, state) => {
    const form = await sso.formOf('stranger')
    form.fields.set('RelayState', state())
    const back = await sso.post(form.fields)
    expect([back.origin, sso.codeOf(back)]).toEqual(['http://app.test', 'saml_relay_state_not_found'])
  })

  test.each<[string, () => Partial<Crafted>, string]>([
    ['from somebody else', () => ({ issuer: 'https://evil.example' }), 'Issuer'],
    ['for somebody else', () => ({ audience: 'https://evil.example' }), 'Audience'],
    [
      'at another place',
      () => ({ recipient: 'https://evil.example', destination: `${auth.url}/auth/v1/sso/saml/acs` }),
      'Recipient',
    ],
    ['sent to another place', () => ({ destination: 'https://evil.example' }), 'Destination'],
    ['to another request', () => ({ inResponseTo: 'id-other' }), 'InResponseTo'],
    ['that is over', () => ({ notOnOrAfter: new Date(Date.now() - 120_000) }), 'not valid any more'],
    ['that has not begun', () => ({ notBefore: new Date(Date.now() + 120_000) }), 'not valid yet'],
  ])('%s is refused', async (_what, crafted, reason) => {
    const back = await answered(crafted())
    expect([sso.codeOf(back), back.pathname]).toEqual(['validation_failed', '/in'])
    expect(back.searchParams.get('error_description')).toContain(reason)
    expect(back.href).not.toContain('access_token')
  })

  test('with a key that is not in the metadata is refused, one that came into it is taken', async () => {
    const next = makeIdpKey()
    idp.turnKey(next)
    expect(await sso.refusal('turned')).toBe('validation_failed')
    expect((await sso.admin('PUT', `/${providerId}`, { metadata_xml: idp.metadata() })).status).toBe(200)
    expect(await sso.refusal('turned')).toBe('none')
    idp.turnKey(key)
    await sso.admin('PUT', `/${providerId}`, { metadata_xml: idp.metadata() })
  })

  test('for another project is refused, whoever posts it here', async () => {
    const elsewhere = createSso(() => other)
    const form = await elsewhere.formOf('ada')
    expect(new URL(form.action).origin).toBe(other.url)
    const { relayState } = await asked()
    const back = await sso.post({
      SAMLResponse: form.fields.get('SAMLResponse') ?? '',
      RelayState: relayState,
    })
    expect(sso.codeOf(back)).toBe('validation_failed')
    expect(sso.codeOf(await sso.post(form.fields))).toBe('saml_relay_state_not_found')
    expect(sso.codeOf(await elsewhere.post(form.fields))).toBe('none')
  })

  test('that is no answer is refused in words', async () => {
    const { relayState } = await asked()
    for (const posted of ['', 'not base64!', Buffer.from('<a/>').toString('base64')]) {
      const back = await sso.post({ SAMLResponse: posted, RelayState: relayState })
      expect(['validation_failed', 'saml_relay_state_not_found']).toContain(sso.codeOf(back))
    }
    expect(sso.codeOf(await sso.post({ RelayState: relayState }))).toBe('validation_failed')
  })

  test('leaves nothing of what it says in the log', async () => {
    const form = await sso.formOf('quiet-person')
    await sso.post(form.fields)
    await answered({ nameId: 'quiet-person', issuer: 'https://evil.example' })
    expect(auth.log.join('\n')).not.toMatch(/quiet-person|SAMLResponse|RelayState/)
  })
})

describe('who it is', () => {
  test('has to be said in a way that stays', async () => {
    const nameIdFormat = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient'
    expect(sso.codeOf(await answered({ nameIdFormat }))).toBe('saml_assertion_no_user_id')
    expect(sso.codeOf(await answered({ nameId: null }))).toBe('saml_assertion_no_user_id')
  })

  test('has to have an address', async () => {
    expect(sso.codeOf(await answered({ attributes: {} }))).toBe('saml_assertion_no_email')
  })

  test('is said with the claims that are mapped, anew at each sign-in', async () => {
    const attribute_mapping = {
      keys: {
        name: { name: 'displayName' },
        team: { names: ['ou', 'team'] },
        tier: { name: 'tier', default: 'free' },
      },
    }
    await sso.admin('PUT', `/${providerId}`, { attribute_mapping })
    const attributes = { mail: 'map@example.com', displayName: 'Ada', team: 'one' }
    const first = await sso.enter(await answered({ nameId: 'map', attributes }))
    expect(first.user.user_metadata).toMatchObject({
      name: 'Ada',
      custom_claims: { team: 'one', tier: 'free' },
    })
    const again = await sso.enter(
      await answered({ nameId: 'map', attributes: { ...attributes, team: 'two' } }),
    )
    expect(again.user.id).toBe(first.user.id)
    expect(again.user.user_metadata.custom_claims).toEqual({ team: 'two', tier: 'free' })
    await sso.admin('PUT', `/${providerId}`, { attribute_mapping: {} })
  })

  test('is told to the hook of the project before there is a user', async () => {
    await pg.admin().unsafe(`
      create or replace function public.only_ours(event jsonb) returns jsonb language sql as
      $$ select case when event->'user'->>'email' like '%@example.com' then '{}'::jsonb
        else '{"error":{"http_code":403,"message":"not one of ours"}}'::jsonb end $$;
      grant execute on function public.only_ours(jsonb) to supabase_auth_admin;`)
    await auth.set({ hooks: { beforeUserCreated: { uri: 'pg-functions://postgres/public/only_ours' } } })
    const back = await answered({ nameId: 'hooked', attributes: { mail: 'a@elsewhere.example' } })
    expect(back.searchParams.get('error_description')).toContain('not one of ours')
    expect(sso.codeOf(await answered({ nameId: 'hooked2', attributes: { mail: 'a@example.com' } }))).toBe(
      'none',
    )
  })

  test('is told to an endpoint with no connection held, and is the user that it was told of', async () => {
    const endpoint = await startHookEndpoint()
    await auth.set({ hooks: { beforeUserCreated: endpoint.hook } })
    endpoint.think()
    // More than auth has connections.
    const names = Array.from({ length: 6 }, (_, i) => `thought-of-${i}`)
    const arriving = names.map((nameId) => answered({ nameId }))
    await isWaitedFor(endpoint, names.length)
    expect(await heldConnections(pg)).toBe(0)
    endpoint.goOn()
    const people = await Promise.all((await Promise.all(arriving)).map(sso.enter))
    const told = endpoint.asked().map(({ user }) => user?.id)
    expect(people.map(({ user }) => user.id).toSorted()).toEqual(told.toSorted())
    const again = await sso.enter(await answered({ nameId: 'thought-of-0' }))
    expect([again.user.id, endpoint.asked().length]).toEqual([people[0]?.user.id, names.length])
    endpoint.close()
  })
})

describe('a session ends with the one at the provider', () => {
  const until = () => new Date(Math.floor(Date.now() / 1000) * 1000 + 600_000)

  test('in the implicit flow', async () => {
    const end = until()
    const { session, client } = await sso.enter(await answered({ nameId: 'ends', sessionNotOnOrAfter: end }))
    expect(sso.claimsIn(session.access_token).exp).toBe(end.getTime() / 1000)
    expect((await client.auth.refreshSession()).error).toBeNull()
    auth.clock.offsetMs = 601_000
    expect((await client.auth.refreshSession()).error).toMatchObject({ code: 'session_expired' })
  })

  test('with PKCE', async () => {
    const kept = new Map<string, string>()
    const storage = {
      getItem: (name: string) => kept.get(name) ?? null,
      setItem: (name: string, value: string) => void kept.set(name, value),
      removeItem: (name: string) => void kept.delete(name),
    }
    const client = auth.client({ flowType: 'pkce', persistSession: true, storage })
    const { relayState, requestId } = await asked(client)
    const crafted = {
      ...base(),
      inResponseTo: requestId,
      nameId: 'ends',
      attributes: { mail: 'ada@example.com' },
    }
    const end = until()
    const SAMLResponse = signed({ ...crafted, sessionNotOnOrAfter: end })
    const back = await sso.post({ SAMLResponse, RelayState: relayState })
    const { data, error } = await client.auth.exchangeCodeForSession(back.searchParams.get('code') ?? '')
    expect(error).toBeNull()
    expect(sso.claimsIn(data.session?.access_token ?? '').exp).toBe(end.getTime() / 1000)
    auth.clock.offsetMs = 601_000
    expect((await client.auth.refreshSession()).error).toMatchObject({ code: 'session_expired' })
  })
})

describe('a sign-in that begins at the provider', () => {
  const unasked = (crafted: Partial<Crafted> = {}, relayState = '') =>
    sso.post({
      SAMLResponse: signed({
        ...{ ...base(), inResponseTo: null, nameId: 'portal', attributes: { mail: 'portal@example.com' } },
        ...crafted,
      }),
      ...(relayState === '' ? {} : { RelayState: relayState }),
    })
  const allowed = () => auth.set({ saml: { enabled: true, idpInitiated: true } })

  test('is refused unless the settings want it', async () => {
    expect(sso.codeOf(await unasked())).toBe('saml_relay_state_not_found')
    await allowed()
    expect(sso.fragmentOf(await unasked()).get('access_token')).toBeTruthy()
  })

  test('goes where it says, if that is allowed', async () => {
    await allowed()
    expect((await unasked({}, 'http://app.test/portal')).pathname).toBe('/portal')
    expect((await unasked({}, 'https://evil.example/')).origin).toBe('http://app.test')
  })

  test('counts once, even of many at once', async () => {
    await allowed()
    const crafted = { assertionId: `_${randomUUID()}` }
    const backs = await Promise.all(Array.from({ length: 6 }, () => unasked(crafted)))
    expect(backs.filter((back) => back.hash.includes('access_token'))).toHaveLength(1)
    expect(sso.codeOf(await unasked(crafted))).toBe('validation_failed')
  })

  test('answers nothing', async () => {
    await allowed()
    expect(sso.codeOf(await unasked({ inResponseTo: 'id-1' }))).toBe('validation_failed')
  })

  test('of a provider that is not known is refused', async () => {
    await allowed()
    expect(sso.codeOf(await unasked({ issuer: 'https://nobody.example' }))).toBe('saml_idp_not_found')
  })
})
