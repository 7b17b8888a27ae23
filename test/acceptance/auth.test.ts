/** Users of a project, with the real client through the edge: set up by the CLI, live, with a mail server outside. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@supabase/supabase-js'
import { simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { cliFor } from '../harness/cli.ts'
import { eventually } from '../harness/eventually.ts'
import { localFetch } from '../harness/local-fetch.ts'
import { Created } from './shapes.ts'

const instance = inject('instance')
const cli = cliFor(instance.profile)
const fetch = localFetch(instance.httpPort)
const REF = 'people'
const Person = z.object({ id: z.uuid(), email: z.string() })
const PASSWORD = 'a long enough passphrase 4711'
const USER = { user: 'shop', password: 'the mail server’s password' }

let project: Created
let server: SMTPServer
const mails: { to: string; html: string; text: string }[] = []

/** Where a container finds this machine: any address of it that is not the loopback's. */
const addressOfMachine = (): string => {
  const found = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)
  if (!found) throw new Error('this machine has no address that a container could reach')
  return found.address
}

beforeAll(async () => {
  server = new SMTPServer({
    authOptional: false,
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) =>
      username === USER.user && password === USER.password
        ? done(null, { user: username })
        : done(new Error('no')),
    onData(stream, { envelope }, done) {
      simpleParser(stream).then(({ html, text }) => {
        mails.push({ to: envelope.rcptTo[0]?.address ?? '', html: html || '', text: text ?? '' })
        done()
      }, done)
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  project = await cli.json(Created, 'projects', 'create', REF, '--ref', REF, '--template', 'todo', '--wait')
  const { port } = server.server.address() as { port: number }
  const smtp = { host: addressOfMachine(), port, ...USER, secure: 'never', senderEmail: 'auth@people.test' }
  const set = {
    smtp,
    redirectUrls: ['http://app.test/**'],
    siteUrl: 'http://app.test',
    email: { maxFrequencyS: 1 },
  }
  const words = Object.entries(set).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  const done = await cli.run('auth', 'config', 'set', REF, ...words)
  expect(done.stderr).toBe('')
})
afterAll(async () => {
  await cli.run('projects', 'delete', REF, '--yes')
  server?.close()
})

const client = () =>
  createClient(project.url, project.anon_key, {
    auth: { persistSession: false, autoRefreshToken: false },
    global: { fetch: fetch as typeof globalThis.fetch },
  })

const mailTo = (address: string) =>
  eventually(20_000, async () => {
    const at = mails.findIndex(({ to }) => to === address)
    if (at < 0) throw new Error(`no mail to ${address}`)
    return mails.splice(at, 1)[0] as (typeof mails)[number]
  })

describe('a person', () => {
  const email = 'ada@people.test'

  test('signs up, follows the letter, and is in, with rows of their own', async () => {
    const ada = client()
    await eventually(20_000, async () => {
      const { error } = await ada.auth.signUp({ email, password: PASSWORD })
      // Until the runtime has the settings it has no mail server.
      if (error) throw error
    })
    const { html } = await mailTo(email)
    const link = /href="([^"]*\/auth\/v1\/verify[^"]*)"/.exec(html)?.[1]?.replaceAll('&amp;', '&') ?? ''
    expect(link.startsWith(`${project.url}/auth/v1/verify?`)).toBe(true)
    const answer = await fetch(link, { redirect: 'manual' })
    expect(answer.status).toBe(303)
    const location = new URL(answer.headers.get('location') ?? '')
    expect(location.origin).toBe('http://app.test')
    const { data, error } = await ada.auth.signInWithPassword({ email, password: PASSWORD })
    expect(error).toBeNull()
    const owned = `create table if not exists public.owned (id int, owner uuid default auth.uid());
      create policy own on public.owned to authenticated using (owner = auth.uid()) with check (owner = auth.uid());`
    expect((await cli.run('db', 'query', owned, '--project', REF)).code).toBe(0)
    await eventually(10_000, async () => {
      const { error: refused } = await ada.from('owned').insert({ id: 1 })
      if (refused) throw refused
    })
    expect((await ada.from('owned').select()).data).toEqual([{ id: 1, owner: data.user?.id }])
    expect((await client().from('owned').select()).data).toEqual([])
  })

  test('stays in while the project sleeps and wakes', async () => {
    const ada = client()
    await ada.auth.signInWithPassword({ email, password: PASSWORD })
    await cli.json(z.unknown(), 'projects', 'sleep', REF, '--wait')
    const { data, error } = await ada.auth.refreshSession()
    expect(error).toBeNull()
    expect(data.user?.email).toBe(email)
  })

  test('gets a letter that is asked for while the project sleeps', async () => {
    await cli.json(z.unknown(), 'projects', 'sleep', REF, '--wait')
    expect((await client().auth.resetPasswordForEmail(email)).error).toBeNull()
    const { text } = await mailTo(email)
    const token = /\b\d{6}\b/.exec(text)?.[0] ?? ''
    const { error } = await client().auth.verifyOtp({ email, token, type: 'recovery' })
    expect(error).toBeNull()
  })

  test('of one project is nobody in another', async () => {
    const other = await cli.json(Created, 'projects', 'create', 'others', '--ref', 'others', '--wait')
    const ada = client()
    const { data } = await ada.auth.signInWithPassword({ email, password: PASSWORD })
    const headers = { apikey: other.anon_key, authorization: `Bearer ${data.session?.access_token}` }
    const user = await fetch(`${other.url}/auth/v1/user`, { headers })
    const rows = await fetch(`${other.url}/rest/v1/`, { headers })
    expect([user.status, rows.status]).toEqual([403, 401])
    await cli.run('projects', 'delete', 'others', '--yes')
  })
})

test('users are looked after by the CLI, also while the project sleeps', async () => {
  await cli.json(z.unknown(), 'projects', 'sleep', REF, '--wait')
  const email = 'eve@people.test'
  const folder = await mkdtemp(join(tmpdir(), 'cascata-people-'))
  const file = join(folder, 'password')
  await writeFile(file, `${PASSWORD}\n`)
  const given = ['--email', email, '--confirm', '--password-file', file]
  const { id } = await cli.json(Person, 'auth', 'users', 'create', REF, ...given)
  await rm(folder, { recursive: true })
  expect((await client().auth.signInWithPassword({ email, password: PASSWORD })).error).toBeNull()
  expect((await cli.json(Person, 'auth', 'users', 'ban', REF, email)).id).toBe(id)
  expect((await client().auth.signInWithPassword({ email, password: PASSWORD })).error?.code).toBe(
    'user_banned',
  )
  const found = await cli.json(z.array(Person), 'auth', 'users', 'list', REF, '--filter', 'eve@')
  expect(found.map((each) => each.id)).toEqual([id])
  expect((await cli.run('auth', 'users', 'delete', REF, email, '--yes')).code).toBe(0)
})

test('the project’s description has commands for auth, an admin’s for the service key alone', async () => {
  const { stdout } = await cli.run('api', 'curl', REF, 'auth_settings')
  expect(stdout).toBe(
    `curl -X GET '${project.url}/auth/v1/settings' -H 'apikey: YOUR_API_KEY' -H 'Authorization: Bearer YOUR_API_KEY'\n`,
  )
  const seen = async (...more: string[]) => (await cli.run('api', 'curl', REF, ...more)).stdout
  expect(await seen()).not.toContain('auth_admin_')
  expect(await seen('--role', 'service_role')).toContain('# auth_admin_list_users: List users')
})

test('no secret stands in what the CLI shows of the settings', async () => {
  const config = await cli.run('auth', 'config', 'get', REF)
  expect(config.stdout).toContain('people.test')
  expect(config.stdout).not.toContain(USER.password)
})
