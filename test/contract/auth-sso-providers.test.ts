/** `/admin/sso/providers`: the identity providers that the holder of the service key keeps, and where they are described. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type IdpHarness, startIdp } from '@cascata/runtime/auth/saml/idp-harness'
import { craftMetadata, makeIdpKey } from '@cascata/runtime/auth/saml/responses-harness'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type AuthRuntime, startAuthRuntime } from '../harness/auth-runtime.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'
import { createSso } from '../harness/sso.ts'

let pg: TestPostgres
let auth: AuthRuntime
let idp: IdpHarness
const { certificate } = makeIdpKey()
const sso = createSso(() => auth)
const nowhere = '/00000000-0000-4000-8000-000000000000'

beforeAll(async () => {
  pg = await startPostgres()
  idp = await startIdp(makeIdpKey())
  auth = await startAuthRuntime(pg, { saml: { enabled: true }, privateHosts: true })
})
afterAll(async () => {
  await auth?.stop()
  idp?.close()
  await pg?.stop()
})
beforeEach(async () => {
  auth.clock.offsetMs = 0
  await pg.admin()`delete from auth.sso_providers`
})

const metadata = (name: string) =>
  craftMetadata({
    entityId: `https://${name}.example`,
    signInUrl: 'https://idp.example/sso',
    certificates: [certificate],
  })
const refused = async (method: string, path: string, body?: object) => {
  const answer = await sso.admin(method, path, body)
  return `${answer.status} ${answer.body.error_code}`
}

describe('providers', () => {
  test('are made, shown, listed, changed and taken away', async () => {
    const body = {
      type: 'saml',
      metadata_xml: metadata('one'),
      domains: ['One.example', 'one.example', 'uno.example'],
    }
    const made = await sso.admin('POST', '', {
      ...body,
      resource_id: 'crm',
      attribute_mapping: { keys: { a: { name: 'b' } } },
    })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({
      ...{ resource_id: 'crm', disabled: false },
      saml: {
        entity_id: 'https://one.example',
        metadata_xml: body.metadata_xml,
        attribute_mapping: { keys: { a: { name: 'b' } } },
      },
      domains: [{ domain: 'one.example' }, { domain: 'uno.example' }],
    })
    const id = String(made.body.id)
    expect((await sso.admin('GET', `/${id}`)).body).toEqual(made.body)
    expect((await sso.admin('GET', '/resource_crm')).body).toEqual(made.body)
    const { items } = (await sso.admin('GET', '')).body as { items: { id: string; saml: object }[] }
    expect(items.map((item) => item.id)).toEqual([id])
    expect(items[0]?.saml).not.toHaveProperty('metadata_xml')
    const changed = await sso.admin('PUT', `/${id}`, {
      domains: ['uno.example', 'due.example'],
      disabled: true,
    })
    expect(changed.body).toMatchObject({
      ...{ disabled: true, resource_id: 'crm', saml: { attribute_mapping: { keys: { a: { name: 'b' } } } } },
      domains: [{ domain: 'due.example' }, { domain: 'uno.example' }],
    })
    expect((await sso.admin('DELETE', `/${id}`)).body.id).toBe(id)
    expect(await refused('GET', `/${id}`)).toBe('404 sso_provider_not_found')
  })

  test('are found by how their resource begins', async () => {
    for (const [name, resource_id] of [
      ['one', 'a_1'],
      ['two', 'a_2'],
      ['three', 'b'],
    ])
      await sso.provider({ metadata_xml: metadata(name ?? ''), resource_id })
    const found = async (query: string) =>
      ((await sso.admin('GET', `?${query}`)).body as { items: { resource_id: string }[] }).items.map(
        (each) => each.resource_id,
      )
    expect(await found('resource_id_prefix=a_')).toEqual(['a_1', 'a_2'])
    expect(await found('resource_id=b')).toEqual(['b'])
    expect(await found('resource_id_prefix=%25')).toEqual([])
  })

  test('are kept by the service key alone', async () => {
    const id = await sso.provider({ metadata_xml: metadata('one') })
    const account = { email: 'user@example.com', password: 'a long enough passphrase 4711' }
    await auth.admin().auth.admin.createUser({ ...account, email_confirm: true })
    const { data } = await auth.client().auth.signInWithPassword(account)
    const calls: [string, string][] = [
      ...([
        ['GET', ''],
        ['POST', ''],
        ['GET', `/${id}`],
        ['PUT', `/${id}`],
        ['DELETE', `/${id}`],
      ] as [string, string][]),
    ]
    for (const [method, path] of calls) {
      const body = method === 'POST' || method === 'PUT' ? { body: {} } : {}
      const call = (bearer?: string) =>
        auth.call(method, `/admin/sso/providers${path}`, { ...body, ...(bearer !== undefined && { bearer }) })
      expect((await call()).status, `${method} ${path}`).toBe(401)
      expect((await call(auth.keys.anon)).status, `${method} ${path}`).toBe(401)
      expect((await call(data.session?.access_token)).status, `${method} ${path}`).toBe(403)
    }
    expect((await sso.admin('GET', `/${id}`)).status).toBe(200)
  })

  test.each<[string, () => object, string]>([
    ['of another kind', () => ({ type: 'oidc', metadata_xml: metadata('x') }), '400 validation_failed'],
    ['without metadata', () => ({}), '400 validation_failed'],
    [
      'with two of it',
      () => ({ metadata_xml: metadata('x'), metadata_url: idp.metadataUrl }),
      '400 validation_failed',
    ],
    ['with none that can be read', () => ({ metadata_xml: '<a/>' }), '400 validation_failed'],
    [
      'with entities in it',
      () => ({ metadata_xml: `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${metadata('x')}` }),
      '400 validation_failed',
    ],
    ['of a name that is there', () => ({ metadata_xml: metadata('there') }), '422 saml_idp_already_exists'],
    [
      'for a domain that is another’s',
      () => ({ metadata_xml: metadata('x'), domains: ['THERE.example'] }),
      '400 sso_domain_already_exists',
    ],
    [
      'for what is no domain',
      () => ({ metadata_xml: metadata('x'), domains: ['not a domain'] }),
      '400 validation_failed',
    ],
    [
      'for a resource that is another’s',
      () => ({ metadata_xml: metadata('x'), resource_id: 'THERE' }),
      '422 conflict',
    ],
    [
      'with a format of names that is none',
      () => ({ metadata_xml: metadata('x'), name_id_format: 'x' }),
      '400 validation_failed',
    ],
    [
      'described where nothing is encrypted',
      () => ({ metadata_url: 'http://idp.example/metadata' }),
      '400 validation_failed',
    ],
    ['described in a file', () => ({ metadata_url: 'file:///etc/passwd' }), '400 validation_failed'],
  ])('%s are refused', async (_what, body, expected) => {
    await sso.provider({ metadata_xml: metadata('there'), domains: ['there.example'], resource_id: 'there' })
    expect(await refused('POST', '', { type: 'saml', ...body() })).toBe(expected)
  })

  test('keep their name, and their domains from each other', async () => {
    await sso.provider({ metadata_xml: metadata('one'), domains: ['one.example'] })
    const id = await sso.provider({ metadata_xml: metadata('two') })
    expect(await refused('PUT', `/${id}`, { metadata_xml: metadata('three') })).toBe(
      '400 saml_entity_id_mismatch',
    )
    expect(await refused('PUT', `/${id}`, { domains: ['one.example'] })).toBe('400 sso_domain_already_exists')
    expect(await refused('PUT', nowhere, {})).toBe('404 sso_provider_not_found')
    expect(await refused('DELETE', '/no-id')).toBe('404 sso_provider_not_found')
  })

  test('that are made at once share no domain', async () => {
    const made = await Promise.all(
      ['one', 'two', 'three', 'four'].map((name) =>
        sso.admin('POST', '', { type: 'saml', metadata_xml: metadata(name), domains: ['same.example'] }),
      ),
    )
    expect(made.map(({ status }) => status).toSorted()).toEqual([201, 400, 400, 400])
  })

  test('that are disabled or gone let nobody in, not even who is on the way', async () => {
    const id = await sso.provider({ metadata_xml: idp.metadata(), domains: ['example.com'] })
    const [first, second] = [await sso.formOf('on-the-way'), await sso.formOf('on-the-way')]
    await sso.admin('PUT', `/${id}`, { disabled: true })
    expect(sso.codeOf(await sso.post(first.fields))).toBe('sso_provider_disabled')
    const { body } = await auth.call('POST', '/sso', { body: { domain: 'example.com' } })
    expect(body.error_code).toBe('sso_provider_disabled')
    await sso.admin('DELETE', `/${id}`)
    expect(sso.codeOf(await sso.post(second.fields))).toBe('saml_relay_state_not_found')
  })
})

describe('metadata by URL', () => {
  test('is fetched, and fetched again when it is old', async () => {
    const id = await sso.provider({ metadata_url: idp.metadataUrl, domains: ['example.com'] })
    expect((await sso.admin('GET', `/${id}`)).body.saml).toMatchObject({ metadata_url: idp.metadataUrl })
    expect(await sso.refusal('ada')).toBe('none')
    const before = idp.asked()
    auth.clock.offsetMs = 25 * 3_600_000
    const url = new URL(await sso.begin(auth.client()))
    expect(url.origin).toBe(new URL(idp.metadataUrl).origin)
    expect(idp.asked()).toBe(before + 1)
    const row = (await sso.admin('GET', `/${id}`)).body.saml as { metadata_xml: string }
    expect(row.metadata_xml).toBe(idp.metadata())
  })

  test('is not fetched from inside, unless the settings let it', async () => {
    await auth.set({ privateHosts: false })
    const before = idp.asked()
    const body = { type: 'saml', metadata_url: idp.metadataUrl, domains: ['inside.example'] }
    const refused = await sso.admin('POST', '', body)
    await auth.set({})
    expect([refused.status, refused.body.error_code]).toEqual([400, 'saml_metadata_fetch_failed'])
    expect(idp.asked()).toBe(before)
  })

  test('is fetched again for a key that nobody knows, once in five minutes', async () => {
    await sso.provider({ metadata_url: idp.metadataUrl, domains: ['example.com'] })
    const before = idp.asked()
    idp.turnKey(makeIdpKey())
    expect(await sso.refusal('ada')).toBe('none')
    idp.turnKey(makeIdpKey())
    expect(await sso.refusal('ada')).toBe('validation_failed')
    expect(idp.asked()).toBe(before + 1)
    auth.clock.offsetMs = 301_000
    expect(await sso.refusal('ada')).toBe('none')
    expect(idp.asked()).toBe(before + 2)
  })

  test('that cannot be had any more leaves what there is, asked for now and then', async () => {
    const server = await serving((response) => response.end(metadata('gone')))
    const id = await sso.provider({ metadata_url: server.url })
    server.answer = (response) => response.writeHead(500).end()
    auth.clock.offsetMs = 25 * 3_600_000
    for (let count = 0; count < 3; count += 1)
      expect((await auth.call('POST', '/sso', { body: { provider_id: id } })).status).toBe(303)
    expect(server.asked).toBe(2)
    server.close()
  })

  test('of somebody else than before is not taken over', async () => {
    const server = await serving((response) => response.end(metadata('mine')))
    const id = await sso.provider({ metadata_url: server.url })
    server.answer = (response) => response.end(metadata('evil'))
    auth.clock.offsetMs = 25 * 3_600_000
    expect((await auth.call('POST', '/sso', { body: { provider_id: id } })).status).toBe(303)
    const { saml } = (await sso.admin('GET', `/${id}`)).body as { saml: { metadata_xml: string } }
    expect(saml.metadata_xml).toBe(metadata('mine'))
    server.close()
  })

  test('that says it has run out lets nobody in', async () => {
    const more = ` validUntil="${new Date(Date.now() + 3_600_000).toISOString()}"`
    const xml = metadata('short').replace(' entityID', `${more} entityID`)
    const id = await sso.provider({ metadata_xml: xml })
    const asked = async () => (await auth.call('POST', '/sso', { body: { provider_id: id } })).status
    expect(await asked()).toBe(303)
    auth.clock.offsetMs = 2 * 3_600_000
    expect(await asked()).toBe(400)
  })

  test.each<[string, Answer, RegExp]>([
    ['that is not there', (response) => response.writeHead(404).end(), /the answer was 404/],
    [
      'that is elsewhere',
      (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      /the answer was 302/,
    ],
    ['that has no end', (response) => response.end('x'.repeat(600_000)), /larger than/],
    ['that breaks off', (response) => response.destroy(), /no connection/],
  ])('%s is refused', async (_what, answer, reason) => {
    const server = await serving(answer)
    const { status, body } = await sso.admin('POST', '', {
      type: 'saml',
      metadata_url: `${server.url}?token=s3cret`,
    })
    expect(`${status} ${body.error_code}`).toBe('400 saml_metadata_fetch_failed')
    expect(body.msg).toMatch(reason)
    expect(body.msg).not.toContain('s3cret')
    server.close()
  })
})

type Answer = (response: import('node:http').ServerResponse) => unknown

async function serving(answer: Answer) {
  const state = { answer, asked: 0, url: '', close: () => {} }
  const server = createServer((_request, response) => {
    state.asked += 1
    state.answer(response)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metadata`
  state.close = () => {
    server.closeAllConnections()
    server.close()
  }
  return state
}
