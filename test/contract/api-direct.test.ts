/** Postgres from outside, as the control API promises it: who is told what, and what may be asked for. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestControl, type TestControl } from './control.ts'

let on: TestControl
let owner: string
beforeAll(async () => {
  on = await openTestControl()
  owner = await on.claim()
  for (const ref of ['shop', 'pgbouncer'])
    await on.call('POST', '/v1/projects', { as: owner, body: { name: ref, ref } })
})
afterAll(() => on?.stop())

const get = async (path: string) => (await on.call('GET', path, { as: owner })).body
const direct = (body: unknown, ref = 'shop') =>
  on.call('PATCH', `/v1/projects/${ref}/settings`, {
    as: owner,
    body: { direct: body },
    headers: { 'if-match': '*' },
  })

test('a project begins closed: a password there is, but no URL', async () => {
  expect(await get('/v1/projects/shop/database')).toMatchObject({
    ...{ enabled: false, host: 'localhost', user: 'postgres.shop', database: 'shop' },
    ...{ session_port: 15_432, transaction_port: 16_543, db_url: null, pooler_url: null },
    password: expect.stringMatching(/^[\w-]{43}$/),
  })
})

test('opened it has both URLs, with the password only where it is asked for', async () => {
  const { body } = await direct({ enabled: true, allowedAddresses: ['203.0.113.7', '2001:DB8::/32'] })
  expect(body.direct).toEqual({
    ...{
      enabled: true,
      allowedAddresses: ['203.0.113.7/32', '2001:db8::/32'],
      poolSize: 10,
      clientsMax: 100,
    },
  })
  const { password } = (await get('/v1/projects/shop/database')) as { password: string }
  const at = (login: string, port: number) => `postgresql://${login}@localhost:${port}/shop?sslmode=require`
  expect(await get('/v1/projects/shop')).toMatchObject({
    db_url: at('postgres.shop', 15_432),
    pooler_url: at('postgres.shop', 16_543),
  })
  expect(await get('/v1/projects/shop/database')).toMatchObject({
    db_url: at(`postgres.shop:${password}`, 15_432),
    pooler_url: at(`postgres.shop:${password}`, 16_543),
  })
})

test.each([
  ['a range that is none', { allowedAddresses: ['0.0.0.0/0 trust'] }],
  ['nobody', { allowedAddresses: [] }],
  ['more connections than the server has', { poolSize: 13 }],
  ['no client', { clientsMax: 0 }],
  ['a setting that is none', { port: 5432 }],
])('%s is refused', async (_what, wish) => {
  expect((await direct(wish)).body).toMatchObject({ status: 422, code: 'request-invalid' })
})

test('a project of the name of the pooler’s console cannot be opened', async () => {
  expect((await direct({ enabled: true }, 'pgbouncer')).body).toMatchObject({ code: 'ref-not-direct' })
})

test('a new password is another one, and the keys stay', async () => {
  const [before, keys] = [await get('/v1/projects/shop/database'), await get('/v1/projects/shop/keys')]
  const { status, body } = await on.call('POST', '/v1/projects/shop/rotate-db-password', {
    as: owner,
    body: {},
  })
  expect([status, body.operation]).toEqual([
    202,
    expect.objectContaining({ kind: 'project.rotate-db-password' }),
  ])
  expect((await get('/v1/projects/shop/database')).password).not.toBe(before.password)
  expect(await get('/v1/projects/shop/keys')).toEqual(keys)
})
