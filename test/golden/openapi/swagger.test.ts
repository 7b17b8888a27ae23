import { readFileSync } from 'node:fs'
import { createRest, type Rest } from '@cascata/runtime/rest/routes'
import type { Database } from '@cascata/runtime/session/database'
import { createSession } from '@cascata/runtime/session/session'
import { openDatabase } from '@cascata/runtime/wire/open'
import { RestSettings } from '@cascata/shared/project-document'
import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startPostgres, type TestPostgres } from '../../harness/postgres.ts'

const URL_OF_API = 'https://acme.example.org/rest/v1'
const BASE = { schemas: ['shop', 'depot'], extraSearchPath: ['public'] }

let pg: TestPostgres
let database: Database
let rest: Rest
let settings = RestSettings.parse(BASE)

beforeAll(async () => {
  pg = await startPostgres()
  const owner = pg.as('postgres')
  await owner.unsafe(readFileSync(new URL('schema.sql', import.meta.url), 'utf8')).simple()
  const login = { user: 'authenticator', password: pg.passwords.authenticator }
  database = openDatabase({ host: pg.socketDir, port: 5432, database: 'postgres', ...login })
  rest = createRest({ database, settings: () => settings, url: () => URL_OF_API })
})

afterAll(async () => {
  await rest.close()
  await database.close()
  await pg.stop()
})

type Asked = { method?: string; headers?: Record<string, string>; role?: string; with?: object }

async function ask({ method = 'GET', headers = {}, role = 'anon', with: changes = {} }: Asked = {}) {
  settings = RestSettings.parse({ ...BASE, ...changes })
  const session = createSession({ role, claims: { role }, anonRole: 'anon' })
  const input = { method, path: '/', query: '', headers, body: null }
  const answer = await rest.handle(input, session, new AbortController().signal)
  return { ...answer, headers: Object.fromEntries(answer.headers), text: answer.body?.toString() ?? null }
}

const documentOf = async (asked: Asked = {}) => JSON.parse((await ask(asked)).text ?? '')

const keysOf = (of: object) => Object.keys(of).sort()

describe('the description at the root', () => {
  test('is this Swagger 2.0 document', async () => {
    const { text } = await ask()
    const pretty = `${JSON.stringify(JSON.parse(text ?? ''), null, 2)}\n`
    await expect(pretty).toMatchFileSnapshot(new URL('swagger.case', import.meta.url).pathname)
    // What no number of JavaScript can hold is written as Postgres has it.
    expect(text).toContain('"default":12345678901234567890.5,')
  })

  test.each([
    ['of what a role may see', {}],
    ['of everything', { with: { openapiMode: 'ignore-privileges', openapiSecurityActive: true } }],
    ['of another schema', { headers: { 'accept-profile': 'depot' } }],
  ])('is valid Swagger 2.0: %s', async (_sentence, asked: Asked) => {
    const { valid, errors } = await new Validator().validate(await documentOf(asked))
    expect({ valid, errors }).toEqual({ valid: true, errors: undefined })
  })

  test('refers to nothing that is not in it', async () => {
    const document = await documentOf()
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path)
    const at = (path: string) =>
      path
        .split('/')
        .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
        .reduce((value, step) => value?.[step], document)
    expect(refs.filter((path) => at(path) === undefined)).toEqual([])
    expect(refs.length).toBeGreaterThan(100)
  })
})

describe('what is asked for', () => {
  test.each([
    ['nothing', {}],
    ['anything', { accept: '*/*' }],
    ['JSON', { accept: 'application/json' }],
    ['OpenAPI', { accept: 'application/openapi+json' }],
    ['OpenAPI in capitals', { accept: 'Application/OpenAPI+JSON' }],
    ['OpenAPI after another', { accept: 'text/html, application/openapi+json;q=0.9' }],
  ])('%s: it calls itself OpenAPI', async (_sentence, headers) => {
    const { status, headers: told } = await ask({ headers })
    expect([status, told['Content-Type']]).toEqual([200, 'application/openapi+json; charset=utf-8'])
  })

  test('what it cannot be written as is refused', async () => {
    const { status, text } = await ask({ headers: { accept: 'text/csv, text/html' } })
    expect(status).toBe(406)
    expect(JSON.parse(text ?? '')).toMatchObject({
      code: 'PGRST107',
      message: 'None of these media types are available: text/csv, text/html',
    })
  })

  test('HEAD has the headers and no body', async () => {
    const { status, headers, body } = await ask({ method: 'HEAD' })
    expect([status, headers['Content-Type'], body]).toEqual([
      200,
      'application/openapi+json; charset=utf-8',
      null,
    ])
  })

  test.each([
    ['the first schema, when none is named', {}, 'shop', 'The shop'],
    ['the schema that is named', { 'accept-profile': 'depot' }, 'depot', 'PostgREST API'],
  ])('%s', async (_sentence, headers: Record<string, string>, schema, title) => {
    const { headers: told, text } = await ask({ headers })
    expect(told['Content-Profile']).toBe(schema)
    expect(JSON.parse(text ?? '').info.title).toBe(title)
  })

  test('with one schema exposed the answer does not name it', async () => {
    expect((await ask({ with: { schemas: ['shop'] } })).headers).not.toHaveProperty('Content-Profile')
  })

  test('a schema that is not exposed is refused', async () => {
    const { status, text } = await ask({ headers: { 'accept-profile': 'hidden' } })
    expect([status, JSON.parse(text ?? '').code]).toEqual([406, 'PGRST106'])
  })
})

describe('whose eyes it is seen with', () => {
  test('a table is there when the role holds any privilege, on a column even', async () => {
    const { definitions, paths } = await documentOf()
    expect(keysOf(definitions)).toContain('ledger')
    expect(keysOf(definitions)).not.toContain('secret')
    expect(keysOf(paths)).not.toContain('/rpc/for_staff')
    const more = await documentOf({ role: 'authenticated' })
    expect(keysOf(more.definitions)).toContain('secret')
    expect(keysOf(more.paths)).toContain('/rpc/for_staff')
  })

  test('a grant counts at once, without the schema being read anew', async () => {
    const owner = pg.as('postgres')
    await owner`grant select on shop.secret to anon`
    expect(keysOf((await documentOf()).definitions)).toContain('secret')
    await owner`revoke select on shop.secret from anon`
    expect(keysOf((await documentOf()).definitions)).not.toContain('secret')
  })

  test('the function called before each request may change the role, or refuse', async () => {
    const owner = pg.as('postgres')
    await owner.unsafe(`
      create function shop.become_staff() returns void language sql as 'set local role authenticated';
      create function shop.closed() returns void language plpgsql as $$ begin
        raise exception 'closed' using errcode = 'PT423';
      end $$;
      grant execute on function shop.become_staff, shop.closed to anon`)
    const { definitions } = await documentOf({ with: { preRequest: 'shop.become_staff' } })
    expect(keysOf(definitions)).toContain('secret')
    expect((await ask({ with: { preRequest: 'shop.closed' } })).status).toBe(423)
    await owner`drop function shop.become_staff, shop.closed`
  })

  test('where privileges do not count everything is there, with types named in full', async () => {
    const { definitions, paths } = await documentOf({ with: { openapiMode: 'ignore-privileges' } })
    expect(keysOf(definitions)).toContain('secret')
    const args = paths['/rpc/greet'].post.parameters[0].schema.properties
    expect(args.mood.format).toBe('shop.mood')
    const seen = await documentOf()
    expect(seen.paths['/rpc/greet'].post.parameters[0].schema.properties.mood.format).toBe('mood')
  })

  test.each(['GET', 'HEAD', 'OPTIONS', 'POST'])('%s: disabled is not there', async (method) => {
    const { status, text } = await ask({ method, with: { openapiMode: 'disabled' } })
    expect([status, JSON.parse(text ?? '')]).toEqual([
      404,
      { code: 'PGRST126', message: 'Root endpoint metadata is disabled', details: null, hint: null },
    ])
  })
})

describe('a function in its place', () => {
  const root = { rootSpec: 'shop.greet', appSettings: {} }

  test('answers GET and POST at the root, in the schema of the request', async () => {
    const session = createSession({ role: 'anon', claims: { role: 'anon' }, anonRole: 'anon' })
    settings = RestSettings.parse({ ...BASE, ...root })
    const call = (input: { method: string; query?: string; body?: Buffer; path?: string }) =>
      rest.handle(
        { path: '/', query: '', headers: {}, body: null, ...input },
        session,
        new AbortController().signal,
      )
    const texts = async (...inputs: Parameters<typeof call>[0][]) => {
      const all = []
      for (const input of inputs) all.push((await call(input)).body?.toString())
      return all
    }
    expect(
      await texts(
        { method: 'GET', query: 'name=Ana' },
        { method: 'GET', query: 'name=Ben' },
        { method: 'POST', body: Buffer.from('{"name":"Cleo","times":2}') },
      ),
    ).toEqual(['"Hello Ana"', '"Hello Ben"', '"Hello CleoHello Cleo"'])
    expect((await ask({ with: root, headers: { 'accept-profile': 'depot' } })).status).toBe(404)
    expect((await ask({ with: root, method: 'DELETE' })).status).toBe(405)
    // The setting that turns descriptions off turns off what stands for one, too.
    expect((await ask({ with: { ...root, openapiMode: 'disabled' } })).text).toContain('PGRST126')
  })
})

test('a comment made since is in it once the schema was read anew', async () => {
  const owner = pg.as('postgres')
  await owner`comment on table shop.nothing is 'Nothing at all'`
  await owner`notify pgrst, 'reload schema'`
  await vi.waitFor(
    async () => expect((await documentOf()).definitions.nothing.description).toBe('Nothing at all'),
    { timeout: 10_000, interval: 50 },
  )
})
