/** Auth in the project's documents, over HTTP: valid, by role, and true of what the service then answers. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AuthRuntime, startAuthRuntime } from '../../harness/auth-runtime.ts'
import { eventually } from '../../harness/eventually.ts'
import { startPostgres, type TestPostgres } from '../../harness/postgres.ts'
import { startTestRuntime } from '../../harness/runtime.ts'
import { type Document, type Operation, operationsOf } from './document.ts'

const run = promisify(execFile)
const person = { email: 'ada@example.com', password: 'correct horse battery staple' }
const application = { client_name: 'The shop', redirect_uris: ['https://app.example.com/callback'] }
const provider = {
  ...{
    provider_type: 'oauth2',
    identifier: 'custom:whole',
    name: 'Whole',
    client_id: 'a',
    client_secret: 'b',
  },
  ...{ authorization_url: 'https://id.example.com/a', token_url: 'https://id.example.com/t' },
  ...{ userinfo_url: 'https://id.example.com/u', jwks_uri: 'https://id.example.com/k' },
}

let pg: TestPostgres
let on: AuthRuntime
beforeAll(async () => {
  pg = await startPostgres()
  on = await startAuthRuntime(pg, {
    ...{ manualLinking: true, passkeys: { enabled: true } },
    ...{ oauthServer: { enabled: true, allowDynamicRegistration: true }, saml: { enabled: true } },
  })
})
afterAll(async () => {
  await on?.stop()
  await pg?.stop()
})

const documentAt = async (url: string, key: string, path = '/openapi.json'): Promise<Document> =>
  (await (await fetch(`${url}${path}`, { headers: { apikey: key } })).json()) as Document
const documentFor = (key: string, path?: string) => documentAt(`${on.url}/rest/v1`, key, path)
const ofAuth = (document: Document) =>
  operationsOf(document).filter(({ path }) => path.startsWith('/auth/v1/'))

describe.each(['/openapi.json', '/openapi-3.1.json'])('%s', (path) => {
  test.each(['anon', 'service'] as const)('is valid with auth in it, for %s', async (who) => {
    const document = await documentFor(on.keys[who], path)
    const { valid, errors } = await new Validator().validate(structuredClone(document))
    expect(errors).toBeUndefined()
    expect(valid).toBe(true)
    expect(ofAuth(document).length).toBeGreaterThan(30)
    expect(document.tags.map(({ name }) => name)).toContain('auth')
  })

  test('refers to nothing that is not there', async () => {
    const document = await documentFor(on.keys.service, path)
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)]
    const components = document.components as unknown as Record<string, Record<string, unknown>>
    expect(refs.length).toBeGreaterThan(100)
    expect(refs.filter(([, kind = '', name = '']) => components[kind]?.[name] === undefined)).toEqual([])
  })
})

test('an admin’s operations are shown to roles that may call them', async () => {
  const admins = async (key: string) =>
    ofAuth(await documentFor(key)).filter(({ operation }) => operation.operationId.startsWith('auth_admin_'))
  expect(await admins(on.keys.anon)).toEqual([])
  expect((await admins(on.keys.service)).length).toBeGreaterThan(10)
})

test('who shows all without asking for privileges shows an admin’s operations too', async () => {
  const open = await startTestRuntime(pg, { openapiMode: 'ignore-privileges' })
  const document = await documentAt(open.url, open.keys.anon)
  await open.stop()
  expect(Object.keys(document.paths)).toContain('/auth/v1/admin/users')
})

test('where the REST API alone is reached, a document is of the REST API alone', async () => {
  await pg.as('postgres')`create table if not exists notes (id int primary key)`
  const apart = await startTestRuntime(pg, { openapiServerProxyUri: 'https://api.example.com/data' })
  const document = await documentAt(apart.url, apart.keys.service)
  await apart.stop()
  expect(document.servers).toEqual([{ url: 'https://api.example.com/data' }])
  expect(Object.keys(document.paths).filter((path) => path.startsWith('/auth'))).toEqual([])
  expect(Object.keys(document.paths)).toContain('/notes')
})

test('a table that is named like a part of auth keeps its own place beside it', async () => {
  const owner = pg.as('postgres')
  await owner`create table auth (id int primary key)`
  await owner`create table "AuthUser" (id int primary key, own text)`
  const document = await eventually(10_000, async () => {
    const found = await documentFor(on.keys.service)
    if (!found.components.schemas.AuthUser_2) throw new Error('the schema was not read again yet')
    return found
  })
  expect(document.tags.map(({ name }) => name).filter((name) => name === 'auth')).toHaveLength(1)
  expect(document.components.schemas.AuthUser?.properties).toHaveProperty('app_metadata')
  expect(document.components.schemas.AuthUser_2?.properties).toHaveProperty('own')
  expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(['/rest/v1/auth', '/auth/v1/user']))
  expect((await new Validator().validate(structuredClone(document))).errors).toBeUndefined()
})

/** As a shell splits it, where nothing stands in single quotes but plain text. */
const words = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '')

type Called = { status: number; code: string; body: string }

async function curl(source: string, { key, token }: { key: string; token: string }): Promise<Called> {
  const line = source.replaceAll('YOUR_API_KEY', key).replaceAll('YOUR_ACCESS_TOKEN', token)
  const [program = '', ...argv] = words(line)
  const told = '\n%{http_code} %header{x-sb-error-code}'
  const { stdout } = await run(program, ['--silent', '--show-error', '--write-out', told, ...argv])
  const end = stdout.lastIndexOf('\n')
  const [status, code] = stdout.slice(end + 1).split(' ')
  const body = stdout.slice(0, end)
  return { status: Number(status), code: code || oauthCodeOf(body), body }
}

/** Applications are answered in OAuth's words alone. */
function oauthCodeOf(body: string): string {
  const [, code = ''] = /^\{"error":"(\w+)"/.exec(body) ?? []
  return code
}

type Shape = {
  $ref?: string
  items?: Shape
  properties?: Record<string, unknown>
}

/** @returns members of an answer that its description does not name. */
function untold(
  { components }: Document,
  { operationId, responses }: Operation,
  { status, body }: Pick<Called, 'status' | 'body'>,
): string[] {
  const membersOf = ({ $ref, items, properties = {} }: Shape): string[] => [
    ...Object.keys(properties),
    ...(items ? membersOf(items) : []),
    ...($ref ? membersOf(components.schemas[$ref.split('/').at(-1) ?? ''] as Shape) : []),
  ]
  const { content } = responses[String(status)] as { content?: Record<string, { schema: Shape }> }
  const described = membersOf(content?.['application/json']?.schema ?? {})
  const answer: unknown = /^[[{]/.test(body) ? JSON.parse(body) : {}
  const [first] = [answer].flat()
  return Object.keys(Object(first))
    .filter((name) => !described.includes(name))
    .map((name) => `${operationId} does not name ${name}`)
}

/** What signs out comes last: the rest needs the session. */
const place = ({ operation }: { operation: Operation }) => Number(operation.operationId === 'auth_sign_out')

test('each sample, run as it stands, is answered with a status, a code and members that are described', async () => {
  await on.call('POST', '/admin/users', { key: on.keys.service, body: { ...person, email_confirm: true } })
  const { body } = await on.call('POST', '/token?grant_type=password', { body: person })
  const keys = { key: on.keys.service, token: String(body.access_token) }
  const wrong: string[] = []
  let [succeeded, all] = [0, 0]
  const document = await documentFor(on.keys.service)
  for (const { operation } of ofAuth(document).toSorted((a, b) => place(a) - place(b))) {
    const { status, code, body } = await curl(operation['x-codeSamples'][0]?.source ?? '', keys)
    const isTold = status < 400 || operation.description?.includes(`\`${code}\``) === true
    all += 1
    if (status < 400) succeeded += 1
    if (!(String(status) in operation.responses) || !isTold)
      wrong.push(`${operation.operationId}: ${status} ${code} ${body}`)
    if (status < 300) wrong.push(...untold(document, operation, { status, body }))
  }
  expect(wrong).toEqual([])
  expect(all).toBeGreaterThan(60)
  expect(succeeded).toBeGreaterThan(30)
})

test.each([
  ['AuthSession', 'POST', '/token?grant_type=password', 'anon', person],
  ['AuthUser', 'POST', '/invite', 'service', { email: 'new@example.com' }],
  ['AuthOAuthClient', 'POST', '/oauth/clients/register', 'anon', application],
  ['AuthCustomProvider', 'POST', '/admin/custom-providers', 'service', provider],
] as const)('%s names every member that %s %s answers with', async (name, method, path, who, body) => {
  const { components } = await documentFor(on.keys.service)
  const answer = await on.call(method, path, { key: on.keys[who], body })
  expect(answer.text).not.toContain('error_code')
  expect(Object.keys(components.schemas[name]?.properties ?? {})).toEqual(
    expect.arrayContaining(Object.keys(answer.body)),
  )
  expect(Object.keys(components.schemas.AuthUser?.properties ?? {})).toEqual(
    expect.arrayContaining(Object.keys(name === 'AuthUser' ? answer.body : Object(answer.body.user))),
  )
})
