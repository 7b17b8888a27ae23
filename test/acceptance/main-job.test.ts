/**
 * The main job over the wire: a project is made, filled with a sample database, read by supabase-js, backed up,
 * opened with the standard commands, imported as another project, and answers the same row for row.
 */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { cliFor } from '../harness/cli.ts'
import { localFetch } from '../harness/local-fetch.ts'
import { output, run } from '../harness/run.ts'
import { sampleDatabase } from '../harness/sample.ts'
import { BackupFacts, Created, QueryAnswer, StatusFacts } from './shapes.ts'

const { profile, httpPort } = inject('instance')
const cli = cliFor(profile)
const fetch = localFetch(httpPort)

const client = (project: Created, key: string): SupabaseClient =>
  createClient(project.url, key, {
    global: { fetch: fetch as typeof globalThis.fetch },
    auth: { persistSession: false },
  })

type Row = Record<string, unknown>

const Operations = z.array(z.object({ operation: z.string(), curl: z.string() }))

let folder: string
let shop: Created
let archive: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cascata-main-'))
  shop = await cli.json(Created, 'projects', 'create', 'Main shop', '--ref', 'main-shop', '--wait')
  const sql = join(folder, '20260101_sample.sql')
  await writeFile(sql, await sampleDatabase())
  await cli.json(z.object({ applied: z.literal(true) }), 'db', 'push', sql, '--project', shop.ref)
  archive = join(folder, 'shop.caf')
})

afterAll(async () => {
  for (const ref of ['main-shop', 'main-copy', 'main-same']) await cli.run('projects', 'delete', ref, '--yes')
  await rm(folder, { recursive: true, force: true })
})

/** Tables of `public` with their row counts, and the foreign keys between them: whatever the sample is. */
async function catalogue(ref: string) {
  const ask = async (sql: string) =>
    (await cli.json(QueryAnswer, 'db', 'query', sql, '--project', ref)).results[0]?.rows ?? []
  const tables = (
    await ask(
      "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1",
    )
  ).map(([name]) => String(name))
  const links =
    await ask(`select conrelid::regclass::text, confrelid::regclass::text, conname::text from pg_constraint
    where contype = 'f' and connamespace = 'public'::regnamespace and conrelid <> confrelid order by 1, 2`)
  return {
    tables,
    links: links.map(([child, parent, name]) => ({
      child: String(child),
      parent: String(parent),
      name: String(name),
    })),
  }
}

async function rowsOf(supabase: SupabaseClient, table: string): Promise<unknown[]> {
  const all: unknown[] = []
  for (let from = 0; ; from += 1000) {
    const { data, error } = await supabase
      .from(table)
      .select()
      .range(from, from + 999)
    if (error) throw new Error(`${table}: ${error.message}`)
    all.push(...data)
    if (data.length < 1000) return all.map((row) => JSON.stringify(row)).sort()
  }
}

describe('a new project', () => {
  test('says where it is and with which keys', () => {
    expect(shop).toMatchObject({
      ref: 'main-shop',
      name: 'Main shop',
      status: 'running',
      url: `http://main-shop.localhost:${httpPort}`,
    })
  })

  test('refuses a stranger and a key of another project', async () => {
    expect((await fetch(`${shop.url}/rest/v1/`)).status).toBe(401)
    const foreign = await fetch(`${shop.url}/rest/v1/`, {
      headers: { apikey: shop.anon_key.replace(/.{8}$/, 'AAAAAAAA') },
    })
    expect(foreign.status).toBe(401)
  })

  test('describes its API, at the address it has', async () => {
    const { tables } = await catalogue(shop.ref)
    const answer = await fetch(`${shop.url}/rest/v1/`, { headers: { apikey: shop.anon_key } })
    const { schemes, host, basePath, definitions } = JSON.parse(await answer.text())
    expect(answer.headers.get('content-type')).toBe('application/openapi+json; charset=utf-8')
    expect([schemes, host, basePath]).toEqual([['http'], `main-shop.localhost:${httpPort}`, '/rest/v1'])
    expect(Object.keys(definitions)).toEqual(expect.arrayContaining(tables))
  })

  test('writes its schema as types', async () => {
    const { tables } = await catalogue(shop.ref)
    const file = join(folder, 'database.ts')
    const { code } = await cli.run('gen', 'types', shop.ref, '--schema', 'public', '--output', file)
    const written = await readFile(file, 'utf8')
    expect(code).toBe(0)
    expect(tables.filter((name) => !new RegExp(`^ {6}"?${name}"?: \\{$`, 'm').test(written))).toEqual([])
    expect((await cli.run('gen', 'types', shop.ref)).stdout).toBe(written)
  })

  test('writes its API as commands that curl runs', async () => {
    const { tables } = await catalogue(shop.ref)
    const operations = await cli.json(Operations, 'api', 'curl', shop.ref)
    expect(operations.map(({ operation }) => operation)).toEqual(
      expect.arrayContaining(tables.map((name) => `list_${name}`)),
    )
    const line = (await cli.run('api', 'curl', shop.ref, `list_${tables[0]}`)).stdout.trim()
    const [program = '', ...argv] = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) =>
      (quoted ?? bare ?? '').replace('YOUR_API_KEY', shop.anon_key),
    )
    const { stdout } = await run(program, ['--silent', '--write-out', '\n%{http_code}', ...argv])
    expect(stdout.toString().split('\n').at(-1)).toBe('200')
    expect(await cli.run('api', 'curl', shop.ref, 'list_nothing')).toMatchObject({ code: 4 })
  })

  test('pushes a migration file once', async () => {
    const again = await cli.json(
      z.object({ applied: z.boolean() }),
      'db',
      'push',
      join(folder, '20260101_sample.sql'),
      '--project',
      shop.ref,
    )
    expect(again.applied).toBe(false)
  })

  test('shows anon no row of a table that has no policy, and service_role all of them', async () => {
    const { tables } = await catalogue(shop.ref)
    expect(tables.length).toBeGreaterThanOrEqual(11)
    const table = tables[0] ?? ''
    const seen = await client(shop, shop.anon_key).from(table).select()
    expect(seen.data ?? []).toEqual([])
    expect((await rowsOf(client(shop, shop.service_role_key), table)).length).toBeGreaterThan(0)
  })

  test('embeds along every foreign key, from both ends', async () => {
    const { links } = await catalogue(shop.ref)
    expect(links.length).toBeGreaterThanOrEqual(9)
    const supabase = client(shop, shop.service_role_key)
    for (const { child, parent, name } of links) {
      const up = await supabase
        .from(child)
        .select(`*, up:${parent}!${name}(*)` as '*')
        .not('up', 'is', null)
        .limit(3)
      expect(up.error, `${child} -> ${parent}`).toBeNull()
      expect(Array.isArray((up.data?.[0] as Row | undefined)?.up ?? {})).toBe(false)
      const down = await supabase
        .from(parent)
        .select(`*, down:${child}!${name}(*)` as '*')
        .limit(3)
      expect(down.error, `${parent} -> ${child}`).toBeNull()
      expect(Array.isArray((down.data?.[0] as Row | undefined)?.down)).toBe(true)
    }
  })
})

describe('its archive', () => {
  let identity: string

  beforeAll(async () => {
    identity = join(folder, 'age.key')
    await output('age-keygen', ['-o', identity])
    const recipient = (await output('age-keygen', ['-y', identity])).trim()
    const made = await cli.json(
      BackupFacts,
      'backups',
      'create',
      shop.ref,
      '--recipient',
      recipient,
      '--wait',
    )
    await cli.json(
      z.object({ bytes: z.literal(made.bytes) }),
      'backups',
      'download',
      made.id,
      '--output',
      archive,
    )
    expect((await stat(archive)).size).toBe(made.bytes)
  })

  test('opens with age, zstd and tar, and its parts are a dump pg_restore reads', async () => {
    const opened = join(folder, 'opened')
    await output('age', ['-d', '-i', identity, '-o', `${opened}.tar.zst`, archive])
    await output('zstd', ['-q', '-d', `${opened}.tar.zst`, '-o', `${opened}.tar`])
    const names = (await output('tar', ['-tf', `${opened}.tar`])).trim().split('\n')
    expect(names[0]).toBe('manifest.json')
    expect(names.at(-1)).toBe('signature.json')
    const first = await run('tar', [
      '-xOf',
      `${opened}.tar`,
      names.find((name) => name.startsWith('database/')) ?? '',
    ])
    expect(first.stdout.subarray(0, 5).toString()).toBe('PGDMP')
  })

  test('holds nothing readable', async () => {
    const bytes = await readFile(archive)
    for (const secret of [shop.anon_key, shop.service_role_key, 'manifest.json', 'PGDMP'])
      expect(bytes.includes(secret)).toBe(false)
  })

  test('is verified without being restored', async () => {
    await cli.json(z.object({ ok: z.literal(true) }), 'backups', 'verify', archive)
    const damaged = join(folder, 'damaged.caf')
    const bytes = await readFile(archive)
    bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1)
    await writeFile(damaged, bytes)
    const refused = await cli.run('backups', 'verify', damaged)
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toContain('hint:')
    const imported = await cli.run('projects', 'import', damaged, '--ref', 'main-damaged', '--wait')
    expect(imported.code).not.toBe(0)
    expect((await cli.run('projects', 'get', 'main-damaged')).code).toBe(4)
  })

  test('comes back as another project, the same row for row', async () => {
    const copy = await cli.json(Created, 'projects', 'import', archive, '--ref', 'main-copy', '--wait')
    expect(copy.service_role_key).not.toBe(shop.service_role_key)
    const [{ tables, links }, copied] = [await catalogue(shop.ref), await catalogue(copy.ref)]
    expect(copied).toEqual({ tables, links })
    const [from, to] = [client(shop, shop.service_role_key), client(copy, copy.service_role_key)]
    let rows = 0
    for (const table of tables) {
      const [before, after] = [await rowsOf(from, table), await rowsOf(to, table)]
      expect(after, table).toEqual(before)
      rows += after.length
    }
    expect(rows).toBeGreaterThan(5000)
    const again = await fetch(`${copy.url}/rest/v1/${tables[0]}`, {
      headers: { apikey: shop.service_role_key },
    })
    expect(again.status).toBe(401)
  })

  test('carries the keys over when asked to', async () => {
    const same = await cli.json(
      Created,
      'projects',
      'import',
      archive,
      '--ref',
      'main-same',
      '--keys',
      'same',
      '--wait',
    )
    expect(same.service_role_key).toBe(shop.service_role_key)
  })
})

describe('the main job as commands', () => {
  test('status says where everything answers', async () => {
    const status = await cli.json(StatusFacts, 'status')
    expect(status).toMatchObject({ domain: 'localhost', edge_url: `http://127.0.0.1:${httpPort}` })
  })

  test('a project that is not there is exit code 4, a taken ref 5, bad usage 2', async () => {
    expect((await cli.run('projects', 'get', 'nobody-here')).code).toBe(4)
    expect((await cli.run('projects', 'create', 'Again', '--ref', 'main-shop')).code).toBe(5)
    expect((await cli.run('projects', 'create', 'Bad', '--ref', 'Not A Ref')).code).toBe(2)
    expect((await cli.run('projects', 'delete', 'main-shop')).code).toBe(2)
  })
})
