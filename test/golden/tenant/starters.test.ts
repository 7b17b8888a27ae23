import { applyStarter } from '@cascata/control/adapters/project-migrations'
import { sourceFolder, templatesAt } from '@cascata/templates'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../../harness/postgres.ts'

const templates = templatesAt(sourceFolder)
const names = await templates.starterNames()
const ANA = '0b8b1d9e-6f0c-4a53-9c46-3a2f6f1f5a11'
const BEN = '5a0c2a3e-2f4a-4a0d-8f5a-5f6b1e0c7d22'

let pg: TestPostgres
beforeAll(async () => {
  pg = await startPostgres()
})
afterAll(() => pg.stop())

/** One request as the runtime makes it: role and claims for one transaction. */
const asCaller = async (caller: { role: string; sub?: string }, sql: string) =>
  pg.as('authenticator').begin(async (turn) => {
    await turn`select set_config('role', ${caller.role}, true), set_config('request.jwt.claims', ${JSON.stringify(caller)}, true)`
    return [...(await turn.unsafe(sql))]
  })
const count = async (caller: { role: string; sub?: string }, table: string) =>
  (await asCaller(caller, `select count(*)::int as n from ${table}`))[0]?.n

test('there are three to choose from', () => {
  expect(names).toEqual(['empty', 'shop', 'todo'])
})

test('a name that is none is none, a path included', async () => {
  expect(await templates.findStarter('../tenant')).toBeUndefined()
})

test.each(names)('%s applies once, and every table it makes is protected', async (name) => {
  const starter = await templates.findStarter(name)
  if (!starter) throw new Error(`no starter ${name}`)
  const session = await pg.session('postgres')
  expect(await applyStarter(session, starter)).toBe('applied')
  expect(await applyStarter(session, starter)).toBe('already')
  expect(starter.title).not.toBe('')
  const open = await pg.admin()`select relname from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relrowsecurity`
  expect([...open]).toEqual([])
})

test('a starter that fails leaves nothing and is not recorded', async () => {
  const session = await pg.session('postgres')
  const broken = {
    name: 'broken',
    title: '',
    description: '',
    sql: 'create table public.half (); select 1 / 0',
  }
  await expect(applyStarter(session, broken)).rejects.toMatchObject({ code: 'sql-failed' })
  const [row] = await pg.admin()`select to_regclass('public.half')::text as half,
    exists (select from cascata.starters where name = 'broken') as recorded`
  expect(row).toEqual({ half: null, recorded: false })
})

describe('todo', () => {
  test.each([
    ['a stranger reads what is public', { role: 'anon' }, 1, 4],
    ['a user reads that too', { role: 'authenticated', sub: ANA }, 1, 4],
    ['the service reads all', { role: 'service_role' }, 2, 5],
  ])('%s', async (_sentence, caller, lists, todos) => {
    expect(await count(caller, 'public.lists')).toBe(lists)
    expect(await count(caller, 'public.todos')).toBe(todos)
  })

  test('a user’s list is that user’s alone', async () => {
    const ana = { role: 'authenticated', sub: ANA }
    const ben = { role: 'authenticated', sub: BEN }
    await asCaller(
      ana,
      `with l as (insert into public.lists (title) values ('Ana') returning id)
      select id from l`,
    )
    await asCaller(
      ana,
      `insert into public.todos (list_id, task) select id, 'mine' from public.lists where title = 'Ana'`,
    )
    expect(await count(ana, 'public.todos')).toBe(5)
    expect(await count(ben, 'public.todos')).toBe(4)
    expect(
      await asCaller(ben, `update public.lists set title = 'Ben' where title = 'Ana' returning id`),
    ).toEqual([])
    expect(await asCaller(ben, `delete from public.todos where task = 'mine' returning id`)).toEqual([])
    await expect(
      asCaller(ben, `insert into public.lists (title, owner_id) values ('x', '${ANA}')`),
    ).rejects.toMatchObject({ code: '42501' })
  })

  test('a stranger writes nothing', async () => {
    await expect(
      asCaller({ role: 'anon' }, `insert into public.lists (title) values ('x')`),
    ).rejects.toMatchObject({ code: '42501' })
    expect(await asCaller({ role: 'anon' }, 'delete from public.todos returning id')).toEqual([])
  })
})

describe('shop', () => {
  test('a stranger sees the catalogue, without what is not listed, and no order', async () => {
    expect(await count({ role: 'anon' }, 'public.products')).toBe(6)
    expect(await count({ role: 'service_role' }, 'public.products')).toBe(7)
    expect(await count({ role: 'anon' }, 'public.orders')).toBe(0)
  })

  test('an order is priced by the catalogue, takes from the stock, and is seen by its customer', async () => {
    const ana = { role: 'authenticated', sub: ANA }
    const [order] = await asCaller(
      ana,
      `select o.state::text from public.products p, public.place_order(p.id, 2) o where p.name = 'Hand grinder'`,
    )
    expect(order).toEqual({ state: 'placed' })
    expect(await asCaller(ana, 'select total_cents::int from public.order_totals')).toEqual([
      { total_cents: 17_800 },
    ])
    expect(await count({ role: 'authenticated', sub: BEN }, 'public.order_totals')).toBe(0)
    expect(await asCaller(ana, `select stock from public.products where name = 'Hand grinder'`)).toEqual([
      { stock: 3 },
    ])
  })

  test.each([
    ['more than there is', 99, 'P0001'],
    ['less than one', -1, '22023'],
  ])('%s is refused', async (_sentence, quantity, code) => {
    const ordered = asCaller({ role: 'authenticated', sub: ANA }, `select public.place_order(1, ${quantity})`)
    await expect(ordered).rejects.toMatchObject({ code })
  })

  test('a stranger orders nothing', async () => {
    await expect(asCaller({ role: 'anon' }, 'select public.place_order(1, 1)')).rejects.toMatchObject({
      code: '42501',
    })
  })
})
