import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../../harness/postgres.ts'

let pg: TestPostgres
beforeAll(async () => {
  pg = await startPostgres()
})
afterAll(() => pg.stop())

const ANA = '0b8b1d9e-6f0c-4a53-9c46-3a2f6f1f5a11'
const BEN = '5a0c2a3e-2f4a-4a0d-8f5a-5f6b1e0c7d22'
const nobody = { uid: null, role: null, email: null, jwt: null }
const ana = { sub: ANA, role: 'authenticated', email: 'ana@example.com' }

test.each([
  ['nobody, without claims', {}, nobody],
  [
    'nobody, where a pooled connection left empty settings',
    { 'request.jwt.claims': '', 'request.jwt.claim.sub': '' },
    nobody,
  ],
  [
    'who the claims say',
    { 'request.jwt.claims': JSON.stringify(ana) },
    { uid: ANA, role: ana.role, email: ana.email, jwt: ana },
  ],
  [
    'without a user, as the API keys are',
    { 'request.jwt.claims': '{"role":"anon"}' },
    { ...nobody, role: 'anon', jwt: { role: 'anon' } },
  ],
  [
    'who the older settings say',
    {
      'request.jwt.claim.sub': BEN,
      'request.jwt.claim.role': 'anon',
      'request.jwt.claim.email': 'ben@example.com',
    },
    { uid: BEN, role: 'anon', email: 'ben@example.com', jwt: null },
  ],
  [
    'who the older settings say before the claims',
    { 'request.jwt.claim.sub': BEN, 'request.jwt.claims': JSON.stringify(ana) },
    { uid: BEN, role: ana.role, email: ana.email, jwt: ana },
  ],
])('the caller is %s', async (_sentence, settings, expected) => {
  const [row] = await pg.as('authenticator').begin(async (turn) => {
    for (const [name, value] of Object.entries(settings))
      await turn`select set_config(${name}, ${value}, true)`
    await turn`set local role authenticated`
    return turn`select auth.uid(), auth.role(), auth.email(), auth.jwt()`
  })
  expect(row).toEqual(expected)
})

test('a subject that is no uuid is an error, not nobody', async () => {
  const asked = pg.as('authenticator').begin(async (turn) => {
    await turn`select set_config('request.jwt.claims', '{"sub":"ana"}', true), set_config('role', 'anon', true)`
    return turn`select auth.uid()`
  })
  await expect(asked).rejects.toMatchObject({ code: '22P02' })
})

test('the planner sees through auth.uid(): an index serves a policy', async () => {
  const tenant = pg.as('postgres')
  await tenant
    .unsafe(
      'create table public.own (owner uuid primary key); set enable_seqscan = off; set enable_bitmapscan = off',
    )
    .simple()
  const plan = await tenant`explain select * from public.own where owner = auth.uid()`
  expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/Index Cond: .*current_setting/)
})
