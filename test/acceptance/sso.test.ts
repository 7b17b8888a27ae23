/** Single sign-on by SAML with the real client through the edge: set up by the CLI and the admin API, down to a row. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@supabase/supabase-js'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { cliFor } from '../harness/cli.ts'
import { eventually } from '../harness/eventually.ts'
import { localFetch } from '../harness/local-fetch.ts'
import { type IdentityProvider, startIdentityProvider } from '../harness/saml-provider.ts'
import { Created } from './shapes.ts'

const instance = inject('instance')
const cli = cliFor(instance.profile)
const fetch = localFetch(instance.httpPort)
const REF = 'company'
const KEY = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  .privateKey.export({ type: 'pkcs1', format: 'pem' })
  .toString()

let project: Created
let idp: IdentityProvider
let folder: string
let provider: string

const client = (key = project.anon_key) =>
  createClient(project.url, key, {
    auth: { persistSession: false, autoRefreshToken: false },
    global: { fetch: fetch as typeof globalThis.fetch },
  })

beforeAll(async () => {
  idp = await startIdentityProvider()
  folder = await mkdtemp(join(tmpdir(), 'cascata-sso-'))
  await writeFile(join(folder, 'saml.pem'), KEY, { mode: 0o600 })
  project = await cli.json(Created, 'projects', 'create', REF, '--ref', REF, '--wait')
  const set = ['saml.enabled=true', 'siteUrl=http://app.test', 'redirectUrls=["http://app.test/**"]']
  const done = await cli.run(
    ...[
      'auth',
      'config',
      'set',
      REF,
      ...set,
      '--secret',
      `saml.privateKey=${join(folder, 'saml.pem')}`,
      '--wait',
    ],
  )
  expect(done.code, done.stderr).toBe(0)
})
afterAll(async () => {
  await cli.run('projects', 'delete', REF, '--yes')
  idp?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

test('the holder of the service key tells the project of an identity provider', async () => {
  const made = await fetch(`${project.url}/auth/v1/admin/sso/providers`, {
    method: 'POST',
    headers: {
      ...{ apikey: project.service_role_key, authorization: `Bearer ${project.service_role_key}` },
      'content-type': 'application/json',
    },
    body: JSON.stringify({ type: 'saml', metadata_xml: idp.metadata(), domains: ['example.com'] }),
  })
  const { id } = (await made.json()) as { id: string }
  expect([made.status, id]).toEqual([201, expect.stringMatching(/^[0-9a-f-]{36}$/)])
  provider = id
})

test('a person of the company signs in there, and has the rows of the company', async () => {
  const ada = client()
  const begun = await eventually(20_000, async () => {
    const { data, error } = await ada.auth.signInWithSSO({
      domain: 'example.com',
      options: { redirectTo: 'http://app.test/in' },
    })
    // Until the runtime has the settings it speaks no SAML.
    if (error) throw error
    return data
  })
  expect(new URL(begun.url).searchParams.get('Signature')).toBeTruthy()
  const form = await idp.signIn(begun.url, 'ada')
  expect(form.action).toBe(`${project.url}/auth/v1/sso/saml/acs`)
  const posted = await fetch(form.action, { method: 'POST', redirect: 'manual', body: form.fields })
  expect(posted.status).toBe(303)
  const back = new URL(posted.headers.get('location') ?? '')
  expect([back.origin, back.pathname]).toEqual(['http://app.test', '/in'])
  const tokens = new URLSearchParams(back.hash.slice(1))
  const { data, error } = await ada.auth.setSession({
    access_token: tokens.get('access_token') ?? '',
    refresh_token: tokens.get('refresh_token') ?? '',
  })
  expect(error).toBeNull()
  expect(data.user?.app_metadata.provider).toBe(`sso:${provider}`)
  const rows = `create table if not exists public.papers (id int, company text);
    alter table public.papers enable row level security; grant select on public.papers to authenticated, anon;
    insert into public.papers values (1, '${provider}'), (2, 'another');
    create policy own on public.papers using (company = (select auth.jwt() #>> '{amr,0,provider}'));`
  expect((await cli.run('db', 'query', rows, '--project', REF)).code).toBe(0)
  await eventually(10_000, async () => {
    const { data: seen, error: refused } = await ada.from('papers').select('id')
    if (refused) throw refused
    expect(seen).toEqual([{ id: 1 }])
  })
  expect((await client().from('papers').select('id')).data).toEqual([])
})

test('the key stands in no answer: the metadata has its public half', async () => {
  const metadata = await (await fetch(`${project.url}/auth/v1/sso/saml/metadata`)).text()
  expect(metadata).toContain(`entityID="${project.url}/auth/v1/sso/saml/metadata"`)
  const config = await cli.run('auth', 'config', 'get', REF, 'saml')
  const secret = KEY.split('\n')[3] ?? KEY
  for (const text of [metadata, config.stdout, config.stderr]) expect(text).not.toContain(secret)
  expect(config.stdout).toContain('(set)')
})
