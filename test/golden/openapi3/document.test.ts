/** The OpenAPI 3 documents of a small schema, over HTTP: valid, flat, and what the role of the key may do. */
import { readFile } from 'node:fs/promises'
import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startPostgres, type TestPostgres } from '../../harness/postgres.ts'
import { startTestRuntime, type TestRuntime } from '../../harness/runtime.ts'
import { type Document, operationsOf, restOperationsOf, restPathsOf } from './document.ts'

let pg: TestPostgres
let runtime: TestRuntime
beforeAll(async () => {
  pg = await startPostgres()
  await pg
    .as('postgres')
    .unsafe(await readFile(new URL('schema.sql', import.meta.url), 'utf8'))
    .simple()
  runtime = await startTestRuntime(pg, { schemas: ['public', 'shop'], anonRole: null })
})
afterAll(async () => {
  await runtime?.stop()
  await pg?.stop()
})

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(`${runtime.url}${path}`, { method, headers })

const documentFor = async (key: string, path = '/openapi.json', headers = {}): Promise<Document> =>
  (await (await get(path, { apikey: key, ...headers })).json()) as Document

const pathsOf = (document: Document) =>
  Object.fromEntries(
    Object.entries(restPathsOf(document)).map(([path, item]) => [path, Object.keys(item).join(' ')]),
  )

describe.each(['/openapi.json', '/openapi-3.1.json'])('%s', (path) => {
  test.each([
    ['anon', {}],
    ['service', {}],
    ['service', { 'accept-profile': 'shop' }],
  ] as const)('is valid for %s %o', async (who, headers) => {
    const document = await documentFor(runtime.keys[who], path, headers)
    const { valid, errors } = await new Validator().validate(structuredClone(document))
    expect(errors).toBeUndefined()
    expect(valid).toBe(true)
    expect(document.openapi).toBe(path === '/openapi.json' ? '3.0.3' : '3.1.0')
  })

  test('asks for nothing that importers trip over: no composed schemas, no references but in answers', async () => {
    const document = await documentFor(runtime.keys.service, path)
    expect(JSON.stringify(document)).not.toMatch(/"(?:allOf|oneOf|anyOf|not)":/)
    for (const { operation } of operationsOf(document)) {
      const { responses: _answers, ...asked } = operation
      expect(JSON.stringify(asked)).not.toContain('"$ref"')
      for (const { schema } of Object.values(operation.requestBody?.content ?? {}))
        expect(schema.type).toBe('object')
    }
  })

  test('names each operation once, in letters and underscores', async () => {
    const ids = operationsOf(await documentFor(runtime.keys.service, path)).map(
      ({ operation }) => operation.operationId,
    )
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.filter((id) => !/^(?:list|insert|update|delete|call|auth)_[A-Za-z0-9_]+$/.test(id))).toEqual(
      [],
    )
    expect(ids).toEqual(expect.arrayContaining(['list_orders', 'list_a_b', 'list_a_b_2', 'call_add']))
  })

  test('has one server, tags, both ways to show a key, and an example wherever something is asked for', async () => {
    const document = await documentFor(runtime.keys.service, path)
    expect(document.servers).toEqual([{ url: new URL(runtime.url).origin }])
    expect(document.info.title).toBe('A small shop')
    expect(document.security).toEqual([{ apikey: [] }, { bearer: [] }])
    for (const { operation } of operationsOf(document)) {
      expect(document.tags.map(({ name }) => name)).toContain(operation.tags[0])
      for (const parameter of operation.parameters)
        expect(parameter, operation.operationId).toHaveProperty('example')
      for (const body of Object.values(operation.requestBody?.content ?? {}))
        expect(body).toHaveProperty('example')
    }
    for (const { operation } of restOperationsOf(document))
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['400', '401', '403', '404']))
  })
})

test('the anonymous role sees what it may do, and with which columns', async () => {
  const document = await documentFor(runtime.keys.anon)
  expect(pathsOf(document)).toEqual({
    '/customers': 'get',
    '/messages': 'post',
    '/partly': 'get post patch delete',
    '/products': 'get',
    '/vips': 'get',
    ...Object.fromEntries(
      ['add', 'area', 'echo', 'find_customers', 'sizes', 'sum_up'].map((name) => [`/rpc/${name}`, 'post']),
    ),
  })
  const partly = restPathsOf(document)['/partly']
  const written = (verb: 'post' | 'patch') =>
    Object.keys(partly?.[verb]?.requestBody?.content['application/json']?.schema.properties ?? {})
  expect([written('post'), written('patch')]).toEqual([['id', 'shown'], ['shown']])
  expect(JSON.stringify(partly)).not.toContain('hidden')
})

test('a change of rows demands a filter on their key', async () => {
  const document = await documentFor(runtime.keys.service)
  const demanded = (path: string, verb: 'patch' | 'delete') =>
    restPathsOf(document)
      [path]?.[verb]?.parameters.filter(({ required }) => required === true)
      .map(({ name }) => name)
  expect(demanded('/orders', 'patch')).toEqual(['id'])
  expect(demanded('/reserved', 'delete')).toEqual(['"order"'])
  expect(demanded('/order_items', 'delete')).toEqual(['order_id', 'product_id'])
  expect((await get('/orders?id=', { apikey: runtime.keys.service }, 'DELETE')).status).toBe(400)
})

test('filters are named as the query grammar reads them, and words of the grammar are quoted', async () => {
  const { parameters } = restPathsOf(await documentFor(runtime.keys.service))['/orders']?.get ?? {
    parameters: [],
  }
  const examples = Object.fromEntries(parameters.map(({ name, example }) => [name, example]))
  expect(examples).toMatchObject({
    id: 'eq.7',
    state: 'eq.new',
    due: 'eq.2026-01-31',
    '"weird name"': 'eq.text',
  })
  expect(examples).toHaveProperty('"or"', 'eq.text')
  expect(examples).not.toHaveProperty('or')
})

test('3.1 says null as JSON Schema does', async () => {
  const due = async (path: string) =>
    (await documentFor(runtime.keys.service, path)).components.schemas.orders?.properties?.due
  expect(await due('/openapi.json')).toMatchObject({ type: 'string', format: 'date', nullable: true })
  expect(await due('/openapi-3.1.json')).toMatchObject({ type: ['string', 'null'], format: 'date' })
})

test('a table named like the document is reached with its dots encoded, and written so', async () => {
  const headers = { apikey: runtime.keys.service, 'content-type': 'application/json' }
  await fetch(`${runtime.url}/openapi.json`, { method: 'POST', headers, body: '{"id":1,"note":"mine"}' })
  expect(await (await get('/openapi%2Ejson?id=eq.1', headers)).json()).toEqual([{ id: 1, note: 'mine' }])
  const paths = restPathsOf(await documentFor(runtime.keys.service))
  expect([paths['/openapi.json'], Object.keys(paths['/openapi%2Ejson'] ?? {})]).toEqual([
    undefined,
    ['get', 'post', 'patch', 'delete'],
  ])
})

test('tools that can send no header show the key in the URL, for descriptions alone', async () => {
  const status = async (path: string) => (await get(path)).status
  const key = `apikey=${runtime.keys.anon}`
  expect(await status('/openapi.json')).toBe(401)
  for (const path of ['/openapi.json', '/openapi-3.1.json', '/'])
    expect(await status(`${path}?${key}`)).toBe(200)
  expect(await status(`/customers?${key}`)).toBe(401)
})

test('it is sent once: later only that it is the same', async () => {
  const headers = { apikey: runtime.keys.anon }
  const first = await get('/openapi.json', headers)
  const etag = first.headers.get('etag') ?? ''
  expect((await get('/openapi.json', { ...headers, 'if-none-match': `"x", ${etag}` })).status).toBe(304)
  expect((await get('/openapi.json', { ...headers, 'if-none-match': '"x"' })).status).toBe(200)
  const head = await get('/openapi.json', headers, 'HEAD')
  expect([head.status, await head.text(), head.headers.get('etag')]).toEqual([200, '', etag])
})

test('another schema has a document of its own, whose operations name it', async () => {
  const { paths } = await documentFor(runtime.keys.service, '/openapi.json', { 'accept-profile': 'shop' })
  expect(Object.keys(paths)).toEqual(['/rest/v1/branches'])
  expect(paths['/rest/v1/branches']?.post?.parameters).toContainEqual(
    expect.objectContaining({ name: 'Content-Profile', required: true, example: 'shop' }),
  )
})

test('a grant counts at once, a new table when the schema was read again', async () => {
  const owner = pg.as('postgres')
  const seen = async () => Object.keys(restPathsOf(await documentFor(runtime.keys.anon)))
  expect(await seen()).not.toContain('/secrets')
  await owner`grant select on secrets to anon`
  expect(await seen()).toContain('/secrets')
  await owner`create table fresh (id int primary key)`
  await owner`grant select on fresh to anon`
  await vi.waitFor(async () => expect(await seen()).toContain('/fresh'), { timeout: 10_000, interval: 50 })
})
