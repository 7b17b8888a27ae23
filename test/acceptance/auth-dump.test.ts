/** A project that comes from Supabase as a dump: its users sign in with the passwords they had, and see what was theirs. */

import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@supabase/supabase-js'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { cliFor } from '../harness/cli.ts'
import { eventually } from '../harness/eventually.ts'
import { localFetch } from '../harness/local-fetch.ts'
import { loadInto, type OldProject, startOldProject } from '../harness/old-project.ts'
import { totpAt } from '../harness/totp.ts'
import { Created, QueryAnswer } from './shapes.ts'

const { profile, httpPort } = inject('instance')
const cli = cliFor(profile)
const fetch = localFetch(httpPort)
const Url = z.object({ url: z.string() })

const ANA = '00000000-0000-4000-8000-000000000001'
const GUS = { id: '20000000-0000-4000-8000-000000000005', secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' }
const PASSWORDS = { ana: 1, ben: 2, cleo: 3, finn: 4, gus: 5 }
type Name = keyof typeof PASSWORDS
const passwordOf = (name: Name) => `the passphrase of ${name} ${PASSWORDS[name]}`

let old: OldProject
beforeAll(async () => {
  old = await startOldProject()
})
afterAll(() => old?.stop())

const FORMS = [
  'a plain pg_dump of everything',
  'a custom one of its schemas, by way of pg_restore',
  'the two of `supabase db dump`, rows as COPY',
  'the two of `supabase db dump`, rows as INSERT',
] as const

/** A new project with what the dump holds. @returns what the converter said. */
async function moved(ref: string, form: string) {
  const file = (await old.dumps[form]?.()) ?? ''
  const project = await cli.json(Created, 'projects', 'create', ref, '--ref', ref, '--wait')
  await cli.run('db', 'expose', ref, 'on', '--wait')
  const { url } = await cli.json(Url, 'db', 'url', ref, '--password')
  const { code, stdout, stderr } = await cli.run('db', 'convert-dump', file)
  expect([code, stderr]).toEqual([0, expect.stringContaining('entries kept')])
  await loadInto(old.tools, url, stdout)
  const client = () =>
    createClient(project.url, project.anon_key, {
      auth: { persistSession: false, autoRefreshToken: false },
      global: { fetch: fetch as typeof globalThis.fetch },
    })
  const ask = async (query: string) => {
    const { results } = await cli.json(QueryAnswer, 'db', 'query', query, '--project', ref)
    return String(results[0]?.rows[0]?.[0])
  }
  const signIn = (name: Name) =>
    client().auth.signInWithPassword({ email: `${name}@old.example`, password: passwordOf(name) })
  return { client, ask, signIn, url, said: stderr }
}
type Moved = Awaited<ReturnType<typeof moved>>

const COUNTS = `select json_build_array(
  (select count(*) from auth.users), (select count(*) from auth.identities), (select count(*) from auth.sessions),
  (select count(*) from auth.refresh_tokens), (select count(*) from auth.mfa_factors),
  (select count(*) from auth.audit_log_entries), (select count(*) from public.profiles),
  (select string_agg(text, ';' order by text) from public.notes), (select value from app.settings))::text`

describe.each(FORMS.map((form, at) => ({ form, ref: `moved-${at}` })))('$form', ({ form, ref }) => {
  let project: Moved
  beforeAll(async () => {
    project = await moved(ref, form)
  })
  afterAll(() => cli.run('projects', 'delete', ref, '--yes', '--wait'))

  test('brings every row, and nothing that is Supabase’s own', async () => {
    expect(await project.ask(COUNTS)).toBe(await old.ask(COUNTS))
    expect(await project.ask("select to_regclass('storage.buckets') is null")).toBe('true')
    expect(await project.ask("select to_regclass('public.hijacked') is null")).toBe('true')
    expect(await project.ask("select pg_get_userbyid(relowner) from pg_class where relname = 'notes'")).toBe(
      'postgres',
    )
  })

  test.each(['ana', 'ben', 'cleo'] as const)('lets %s in with the password of before', async (name) => {
    const hash = () =>
      project.ask(`select encrypted_password from auth.users where email = '${name}@old.example'`)
    expect(await hash()).toMatch({ ana: /^\$2a\$/, ben: /^\$2b\$/, cleo: /^\$2y\$/ }[name])
    const wrong = { email: `${name}@old.example`, password: `${passwordOf(name)}!` }
    expect((await project.client().auth.signInWithPassword(wrong)).error?.code).toBe('invalid_credentials')
    const { data, error } = await project.signIn(name)
    expect(error).toBeNull()
    expect(data.user).toMatchObject({ user_metadata: { name }, identities: [{ provider: 'email' }] })
    expect(await hash()).toMatch(/^\$argon2id\$/)
    expect((await project.signIn(name)).error).toBeNull()
  })

  test('shows them what is theirs by the policies that came along', async () => {
    const client = project.client()
    await client.auth.signInWithPassword({ email: 'ana@old.example', password: passwordOf('ana') })
    const own = [{ owner: ANA, text: 'first line\n-- of ana\tand \\ more' }]
    await eventually(10_000, async () =>
      expect((await client.from('notes').select('owner, text')).data).toEqual(own),
    )
    expect((await client.from('notes').insert({ text: 'new' })).error).toBeNull()
    expect((await project.client().from('notes').select()).data).toEqual([])
  })
})

describe('users of a project that moved', () => {
  let project: Moved
  beforeAll(async () => {
    project = await moved('moved', FORMS[0])
    const set = ['email.autoconfirm=true', 'phone.enabled=true']
    await cli.run('auth', 'config', 'set', 'moved', ...set, '--wait')
  })
  afterAll(() => cli.run('projects', 'delete', 'moved', '--yes', '--wait'))

  test('who were signed in stay so', async () => {
    const client = project.client()
    const { data, error } = await client.auth.refreshSession({ refresh_token: 'oldtokenofana' })
    expect(error).toBeNull()
    expect(data.user?.id).toBe(ANA)
    expect((await client.auth.refreshSession()).error).toBeNull()
  })

  test('who have an app for codes need it as before', async () => {
    const { data } = await project.signIn('gus')
    const client = project.client()
    await client.auth.setSession(data.session as never)
    expect((await client.auth.mfa.getAuthenticatorAssuranceLevel()).data).toMatchObject({
      ...{ currentLevel: 'aal1', nextLevel: 'aal2' },
    })
    const code = totpAt(GUS.secret, Date.now())
    expect((await client.auth.mfa.challengeAndVerify({ factorId: GUS.id, code })).error).toBeNull()
    expect((await client.auth.mfa.getAuthenticatorAssuranceLevel()).data?.currentLevel).toBe('aal2')
    expect(await project.ask('select secret from auth.mfa_factors')).not.toContain(GUS.secret)
  })

  test('who signed up by phone sign in by phone', async () => {
    const { data, error } = await project
      .client()
      .auth.signInWithPassword({ phone: '+4915112345699', password: passwordOf('finn') })
    expect(error).toBeNull()
    expect(data.user).toMatchObject({ phone: '4915112345699', email: '' })
  })

  test.each([
    ['who are banned stay banned', 'eve', 'user_banned'],
    ['who never confirmed have still to', 'una', 'email_not_confirmed'],
    ['who have no password get in by none', 'dora', 'invalid_credentials'],
  ])('%s', async (_sentence, name, code) => {
    const { error } = await project
      .client()
      .auth.signInWithPassword({ email: `${name}@old.example`, password: passwordOf('ana') })
    expect(error?.code).toBe(code)
  })

  test('who are new get what the trigger of the old project makes', async () => {
    const client = project.client()
    const order = { email: 'new@old.example', password: 'a long enough passphrase 4711' }
    const { data, error } = await client.auth.signUp({ ...order, options: { data: { name: 'Nell' } } })
    expect(error).toBeNull()
    const { data: profiles } = await client
      .from('profiles')
      .select('name')
      .eq('id', data.user?.id ?? '')
    expect(profiles).toEqual([{ name: 'Nell' }])
  })

  test('find closed what had no row level security, as the converter said', async () => {
    expect(project.said).toContain('closed to the API from here on: countries')
    const client = project.client()
    expect((await client.from('countries').select()).data).toEqual([])
    await cli.run('db', 'query', 'alter table countries disable row level security', '--project', 'moved')
    await eventually(10_000, async () =>
      expect((await client.from('countries').select()).data).toEqual([{ code: 'de', name: 'Germany' }]),
    )
  })

  test('are loaded by a psql that runs no program, wherever a dump hides its call', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cascata-evil-'))
    const [file, trace] = [join(folder, 'evil.sql'), join(folder, 'trace')]
    const header = '--\n-- Name: evil; Type: TABLE; Schema: public; Owner: postgres\n--\n'
    await writeFile(file, `${header}CREATE TABLE public.evil (id int); \\! touch ${trace}\n`)
    const { stdout } = await cli.run('db', 'convert-dump', file)
    await expect(loadInto(old.tools, project.url, stdout)).rejects.toThrow(/restricted/)
    expect(existsSync(trace)).toBe(false)
    expect(await project.ask("select to_regclass('public.evil') is null")).toBe('true')
    await rm(folder, { recursive: true })
  })
})
