import { applyMigration } from '@cascata/control/adapters/project-migrations'
import { runStatements } from '@cascata/control/adapters/project-sql'
import { SqlSession } from '@cascata/control/adapters/sql-session'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../../harness/postgres.ts'

const limits = { rowsMax: 100, timeoutMs: 10_000 }

let pg: TestPostgres
beforeAll(async () => {
  pg = await startPostgres()
})
afterAll(() => pg.stop())

const run = async (sql: string, more: Partial<typeof limits> = {}) =>
  runStatements(await pg.session('postgres'), sql, { ...limits, ...more })
const tableExists = async (table: string) =>
  (await pg.admin()`select to_regclass(${table}) is not null as there`)[0]?.there

describe('runStatements', () => {
  test('answers for each statement, rows or none', async () => {
    const results = await run(`create table public.t (id int, note text);
      insert into public.t values (1, 'a'), (2, null);
      select id, note, id as id from public.t order by id;
      update public.t set note = 'b'`)
    expect(results.map(({ command, rowCount, rows }) => [command, rowCount, rows])).toEqual([
      ['CREATE TABLE', null, []],
      ['INSERT', 2, []],
      [
        'SELECT',
        2,
        [
          [1, 'a', 1],
          [2, null, 2],
        ],
      ],
      ['UPDATE', 2, []],
    ])
    expect(results[2]?.columns.map((column) => column.name)).toEqual(['id', 'note', 'id'])
  })

  test('has nothing to say to an empty text', async () => {
    expect(await run('  -- nothing\n')).toEqual([])
  })

  test('runs the text as one transaction', async () => {
    await expect(run('create table public.half (); select 1 / 0')).rejects.toMatchObject({
      code: 'sql-failed',
    })
    expect(await tableExists('public.half')).toBe(false)
  })

  test('keeps as many rows as asked for and says that there were more', async () => {
    const [result] = await run('select generate_series(1, 5000)', { rowsMax: 3 })
    expect([result?.rows, result?.truncated, result?.rowCount]).toEqual([[[1], [2], [3]], true, 5000])
  })

  test.each([
    ['a syntax error by its line', 'select 1;\nselect 2;\n  selct 3', '42601 at line 3'],
    ['a line after characters outside the plane', "select '🙂🙂🙂';\nselect nope", '42703 at line 2'],
    ['a failure without a place', 'select 1 / 0', '22012: division by zero'],
    [
      'detail and hint too',
      'create table public.u (a int unique); insert into public.u values (1), (1)',
      'Key (a)=(1) already exists.',
    ],
  ])('tells %s', async (_sentence, sql, detail) => {
    await expect(run(sql)).rejects.toMatchObject({
      code: 'sql-failed',
      message: expect.stringContaining(detail),
    })
  })

  test('cancels what takes too long, whatever the text sets', async () => {
    await expect(
      run('set statement_timeout = 0; select pg_sleep(30)', { timeoutMs: 200 }),
    ).rejects.toMatchObject({ code: 'sql-timeout' })
    const [row] =
      await pg.admin()`select count(*)::int as n from pg_stat_activity where query like '%pg_sleep(30)%' and state = 'active' and pid <> pg_backend_pid()`
    expect(row).toEqual({ n: 0 })
  })

  test('cuts an answer that would fill the memory', async () => {
    await expect(
      run("select repeat('x', 1000000) from generate_series(1, 200)", { rowsMax: 1 }),
    ).rejects.toMatchObject({ code: 'sql-result-too-large' })
  })

  test.each([['copy pg_class to stdout'], ['create temp table c (a int); copy c from stdin']])(
    'refuses %s without hanging',
    async (sql) => {
      await expect(run(sql)).rejects.toMatchObject({ code: 'sql-copy-refused' })
    },
  )

  test('the session goes on after an error', async () => {
    const session = await pg.session('postgres')
    await expect(runStatements(session, 'nonsense', limits)).rejects.toMatchObject({ code: 'sql-failed' })
    await expect(runStatements(session, 'copy pg_class to stdout', limits)).rejects.toMatchObject({
      code: 'sql-copy-refused',
    })
    expect((await runStatements(session, 'select 1', limits))[0]?.rows).toEqual([[1]])
  })

  test('a cancel that comes late strikes nothing that is run next', async () => {
    const session = await pg.session('postgres')
    for (let at = 0; at < 50; at++) {
      await expect(runStatements(session, 'copy (select 1) to stdout', limits)).rejects.toMatchObject({
        code: 'sql-copy-refused',
      })
      expect((await runStatements(session, 'select 1 from pg_sleep(0.001)', limits))[0]?.rows).toEqual([[1]])
    }
  })

  test('says so when its connection is ended under it', async () => {
    const session = await pg.session('postgres')
    await expect(
      runStatements(session, 'select pg_terminate_backend(pg_backend_pid())', limits),
    ).rejects.toMatchObject({ code: 'sql-failed' })
    await expect(runStatements(session, 'select 1', limits)).rejects.toMatchObject({
      code: 'database-unreachable',
    })
  })
})

describe('SqlSession.open', () => {
  test.each([
    ['a wrong password', { user: 'postgres', password: 'guess' }, '28P01'],
    ['a database that is none', { database: 'nowhere' }, '3D000'],
  ])('tells %s in its cause', async (_sentence, login, code) => {
    const full = { user: 'postgres', password: pg.passwords.postgres, ...login }
    await expect(SqlSession.open(pg.socketDir, full)).rejects.toMatchObject({
      code: 'database-unreachable',
      cause: { code },
    })
  })

  test('tells an absent server', async () => {
    const login = { user: 'postgres', password: 'x' }
    await expect(SqlSession.open('/nowhere', login)).rejects.toMatchObject({
      code: 'database-unreachable',
      cause: { code: 'ENOENT' },
    })
  })
})

describe('applyMigration', () => {
  const apply = async (version: string, sql: string) =>
    applyMigration(await pg.session('postgres'), { version, name: `m${version}`, sql }, { timeoutMs: 10_000 })

  test('runs a file once and records its statements as Supabase’s CLI does', async () => {
    const sql = '-- people\ncreate table public.people (id int);\ninsert into public.people values (1);\n'
    expect(await apply('20260101000000', sql)).toBe('applied')
    expect(await apply('20260101000000', sql)).toBe('already')
    expect([
      ...(await pg.admin()`select version, name, to_jsonb(statements) as statements from supabase_migrations.schema_migrations`),
    ]).toEqual([
      {
        version: '20260101000000',
        name: 'm20260101000000',
        statements: [
          '-- people\ncreate table public.people (id int)',
          'insert into public.people values (1)',
        ],
      },
    ])
  })

  test('refuses the same version with another content', async () => {
    await expect(apply('20260101000000', 'drop table public.people')).rejects.toMatchObject({
      code: 'migration-changed',
      status: 409,
    })
    expect(await tableExists('public.people')).toBe(true)
  })

  test('takes other blanks for the same content', async () => {
    expect(
      await apply(
        '20260101000000',
        '-- people\ncreate  table public.people (id int) ;;insert into public.people values (1)',
      ),
    ).toBe('already')
  })

  test('leaves nothing of a file that fails', async () => {
    await expect(apply('20260102000000', 'create table public.half2 ();\nselect nope')).rejects.toMatchObject(
      { code: 'sql-failed' },
    )
    expect(await tableExists('public.half2')).toBe(false)
    expect(await apply('20260102000000', 'create table public.half2 ()')).toBe('applied')
  })

  test('refuses a file that ends the transaction', async () => {
    await expect(apply('20260103000000', 'create table public.x ();\ncommit;')).rejects.toMatchObject({
      code: 'migration-ends-transaction',
      message: expect.stringContaining('Line 2'),
    })
    expect(await tableExists('public.x')).toBe(false)
  })

  test('records a file that changes its role, its search path and its triggers', async () => {
    const sql = "set search_path = ''; set session_replication_role = replica; set role anon; select 1"
    expect(await apply('20260104000000', sql)).toBe('applied')
  })

  test('records quotes, dollars and backslashes as they are', async () => {
    const piece = "select $q$ it's \\ 'all' $1 $q$, e'\\n'"
    expect(await apply('20260105000000', `${piece};`)).toBe('applied')
    const [row] =
      await pg.admin()`select to_jsonb(statements) as statements from supabase_migrations.schema_migrations where version = '20260105000000'`
    expect(row).toEqual({ statements: [piece] })
  })

  test('two pushes of one file at once apply it once', async () => {
    const both = [
      apply('20260106000000', 'create table public.once ()'),
      apply('20260106000000', 'create table public.once ()'),
    ]
    expect((await Promise.all(both)).sort()).toEqual(['already', 'applied'])
  })
})
