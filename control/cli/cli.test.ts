import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Operation } from '@cascata/shared/contract/operations'
import { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { flat, patchOf, under } from './auth-patch.ts'
import { meantSso, ssoView, ssoWishOf } from './auth-sso.ts'
import { isUserId, meant, stateOf, wishOf } from './auth-user.ts'
import type { Client } from './client.ts'
import { wordsOf } from './commands/completion.ts'
import { migrationName } from './commands/db.ts'
import { changeOf as exposeOf } from './commands/direct.ts'
import { listedRows } from './commands/domains.ts'
import { changeOf } from './commands/limits.ts'
import { rangeOf } from './commands/scale.ts'
import { changeOf as settingsOf } from './commands/settings.ts'
import { path } from './context.ts'
import { eventData } from './events.ts'
import { EXIT, failureOf } from './failure.ts'
import { createOutput, list, table } from './output.ts'
import { listAll } from './pages.ts'

describe('failureOf', () => {
  test.each([
    ['a missing token is not allowed', 401, EXIT.notAllowed],
    ['a scope that does not reach is not allowed', 403, EXIT.notAllowed],
    ['what is not there is not found', 404, EXIT.notFound],
    ['a taken ref is a conflict', 409, EXIT.conflict],
    ['a stale ETag is a conflict', 412, EXIT.conflict],
    ['input that does not fit is a usage error', 422, EXIT.usage],
    ['anything else failed', 503, EXIT.failed],
  ])('%s', (_sentence, status, exit) => {
    const failure = failureOf(status, {
      code: 'some-code',
      title: 'Title',
      detail: 'Detail.',
      hint: 'Mend it.',
      request_id: 'r1',
    })
    expect(failure).toMatchObject({
      exit,
      code: 'some-code',
      message: 'Detail.',
      hint: 'Mend it.',
      requestId: 'r1',
    })
  })

  test('an answer that is no problem document still says its status', () => {
    expect(failureOf(502, '<html>').message).toContain('502')
  })
})

describe('migrationName', () => {
  test.each([
    ['digits in front are the version', 'db/20260101_todos.sql', { version: '20260101', name: 'todos' }],
    ['a file without digits is its own version', 'chinook.sql', { version: 'chinook', name: 'chinook' }],
    ['digits alone are no version and name', '2026.sql', { version: '2026', name: '2026' }],
  ])('%s', (_sentence, file, expected) => {
    expect(migrationName(file)).toEqual(expected)
  })
})

const streamOf = (...chunks: string[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk))
      controller.close()
    },
  })

describe('eventData', () => {
  test.each([
    ['reads one event', ['data: a\n\n'], ['a']],
    ['joins an event cut anywhere', ['da', 'ta: a\n', '\nevent: x\ndata: b\n\n'], ['a', 'b']],
    ['joins the data lines of one event', ['data: a\ndata: b\n\n'], ['a\nb']],
    ['passes over comments and events without data', [': ping\n\nevent: x\n\n'], []],
    ['takes CRLF', ['data: a\r\n\r\n'], ['a']],
  ])('%s', async (_sentence, chunks, expected) => {
    expect(await Array.fromAsync(eventData(streamOf(...chunks)))).toEqual(expected)
  })
})

describe('output', () => {
  const spy = () => {
    const written = { out: '', err: '' }
    const streams = {
      out: { write: (text: string) => (written.out += text) },
      err: { write: (text: string) => (written.err += text) },
    }
    return { written, streams }
  }

  test('with --json stdout holds one document, the way there is on stderr', () => {
    const { written, streams } = spy()
    const output = createOutput(true, streams)
    output.note('working')
    output.result({ a: 1 }, 'text')
    expect(JSON.parse(written.out)).toEqual({ a: 1 })
    expect(written.err).toBe('working\n')
  })

  const at = (progress: number, name: string, status = 'running') =>
    ({
      ...{ id: 'o1', kind: 'project.create', ref: 'shop', status, progress },
      steps: [{ name, status: 'running', started_at: '', ended_at: null }],
    }) as Operation

  test('progress is one line for each step, however often it is told', () => {
    const { written, streams } = spy()
    const output = createOutput(false, streams)
    for (const share of [0, 0.1, 0.2]) output.progress(at(share, 'db.ready'))
    output.progress(at(0.5, 'runtime.start'))
    output.progress(at(1, 'runtime.start', 'succeeded'))
    expect(written.err.split('\n')).toEqual([
      '  0%  project.create shop  db.ready',
      ' 50%  project.create shop  runtime.start',
      '100%  project.create shop  succeeded',
      '',
    ])
  })

  test('on a terminal it is one line written over, and what comes after has its own', () => {
    const { written, streams } = spy()
    const output = createOutput(false, { ...streams, err: { ...streams.err, isTTY: true, columns: 30 } })
    output.progress(at(0, 'db.ready'))
    output.progress(at(0.5, 'runtime.start'))
    output.result({}, 'done')
    expect(written.err).toBe('\r\x1b[2K  0%  project.create shop  db\r\x1b[2K 50%  project.create shop  ru\n')
    expect(written.out).toBe('done\n')
  })

  test('a failure is a document too', () => {
    const { written, streams } = spy()
    createOutput(true, streams).failure(
      failureOf(404, { code: 'project-not-found', title: 'T', detail: 'No.' }),
    )
    expect(JSON.parse(written.out).error.code).toBe('project-not-found')
    expect(written.err).toBe('error: No.\n')
  })

  test('columns line up and an absent cell is a dash', () => {
    expect(table(['A', 'LONG'], [['xyz', null]])).toBe('A    LONG\nxyz  -')
    expect(list({ a: 1, bcd: 'x' })).toBe('a    1\nbcd  x')
  })
})

test('a list is all of its pages', async () => {
  const asked: string[] = []
  const pages = [
    { items: [1, 2], next_cursor: 'a/b' },
    { items: [3], next_cursor: null },
  ]
  const client = {
    get: async (path: string) => {
      asked.push(path)
      return pages[asked.length - 1]
    },
  } as unknown as Client
  expect(await listAll(client, '/v1/operations?ref=shop', z.number())).toEqual([1, 2, 3])
  expect(asked).toEqual([
    '/v1/operations?ref=shop&limit=200',
    '/v1/operations?ref=shop&limit=200&cursor=a%2Fb',
  ])
})

test('of limits only what was named is changed', () => {
  expect(changeOf({})).toEqual({})
  expect(changeOf({ memory: 300, dbCpus: 2, bodyBytes: 5, embeds: 7, planCost: 'off' })).toEqual({
    runtime: { memory_mb: 300 },
    db: { cpus: 2 },
    body_bytes_max: 5,
    embeds_max: 7,
    plan_cost_max: null,
  })
})

test('a number of replicas is one, or two with what lies between', () => {
  expect(rangeOf('3')).toEqual({ min: 3, max: 3 })
  expect(rangeOf('1..4')).toEqual({ min: 1, max: 4 })
  for (const text of ['', 'many', '0', '4..1', '1..9', '1..', '1-3'])
    expect(() => rangeOf(text)).toThrow('no number')
})

test.each<[sentence: string, pair: string, change: object]>([
  ['a number', 'maxRows=100', { maxRows: 100 }],
  ['a flag', 'plan=true', { plan: true }],
  ['names with commas between', 'schemas=public, api', { schemas: ['public', 'api'] }],
  ['names as JSON', 'schemas=["public","a,b"]', { schemas: ['public', 'a,b'] }],
  ['a text that looks like a number', 'jwtAudience=42', { jwtAudience: '42' }],
  ['nothing', 'maxRows=null', { maxRows: null }],
])('a setting may be %s', (_sentence, pair, change) => {
  expect(settingsOf([pair])).toEqual({ rest: change })
})

test.each([
  ['opening keeps the ranges there are', 'on', [], { enabled: true }],
  ['opening names who may come', 'on', ['10.0.0.0/8'], { enabled: true, allowedAddresses: ['10.0.0.0/8'] }],
  ['closing names nobody', 'off', [], { enabled: false }],
])('%s', (_sentence, state, allow, direct) => {
  expect(exposeOf(state, allow)).toEqual({ direct })
})

test('a database is opened or closed, nothing else', () => {
  expect(() => exposeOf('yes', [])).toThrow('neither "on" nor "off"')
})

test('settings of auth are named with dots, and their values are JSON or text', async () => {
  const pairs = [
    'siteUrl=https://a.example/?a=b',
    'smtp.port=25',
    'smtp.user=null',
    'redirectUrls=["https://*"]',
  ]
  expect(await patchOf({ pairs, secrets: [] })).toEqual({
    siteUrl: 'https://a.example/?a=b',
    smtp: { port: 25, user: null },
    redirectUrls: ['https://*'],
  })
  await expect(patchOf({ pairs: ['smtp'], secrets: [] })).rejects.toThrow('no name=value')
  await expect(patchOf({ pairs: [], secrets: [] })).rejects.toThrow('nothing to set')
})

test('settings of auth come from a file too, with secrets from files of their own', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cascata-cli-'))
  const [file, secret] = [join(folder, 'patch.json'), join(folder, 'secret')]
  await writeFile(file, '{"smtp": {"host": "mail.example", "port": 25}}')
  await writeFile(secret, 'p=ss\n')
  const sources = { pairs: ['smtp.port=587'], file, secrets: [`smtp.password=${secret}`] }
  expect(await patchOf(sources)).toEqual({ smtp: { host: 'mail.example', port: 587, password: 'p=ss' } })
  await writeFile(file, '[]')
  await expect(patchOf(sources)).rejects.toThrow('holds no JSON object')
  await rm(folder, { recursive: true })
})

test('settings of auth are shown by the names that set them', () => {
  const settings = { smtp: { host: 'h', password: { set: true } }, hooks: {}, jwt: { keys: [] } }
  expect(flat(settings)).toEqual({ 'smtp.host': 'h', 'smtp.password': '(set)', hooks: {}, 'jwt.keys': [] })
  expect([under(settings, 'smtp.host'), under(settings, 'smtp.toString')]).toEqual(['h', undefined])
})

const user = {
  ...{ id: '3f2b1c4e-8d5a-4b6f-9c7d-0e1f2a3b4c5d', role: 'authenticated', email: 'ada@example.com' },
  ...{ phone: '4915112345678', app_metadata: {}, user_metadata: {}, is_anonymous: false },
  created_at: '2026-01-31T09:30:00Z',
}

test('a user is what was given of it, with its password from a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cascata-cli-'))
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, 'a secret of hers\n')
  expect(await wishOf({ email: 'ada@example.com', passwordFile, metadata: '{"name":"Ada"}' })).toEqual({
    ...{ email: 'ada@example.com', password: 'a secret of hers', user_metadata: { name: 'Ada' } },
  })
  await rm(folder, { recursive: true })
  await expect(wishOf({ metadata: 'name=Ada' })).rejects.toThrow('--metadata takes a JSON object')
  await expect(wishOf({ passwordFile })).rejects.toThrow('cannot be read')
})

test.each([
  ['an address that is given', { email: 'a@b.c', confirm: true }, { email: 'a@b.c', email_confirm: true }],
  ['a number that is given', { phone: '+49', confirm: true }, { phone: '+49', phone_confirm: true }],
  ['the address there is', { confirm: true }, { email_confirm: true }],
] as const)('%s counts as confirmed', async (_what, options, wish) => {
  expect(await wishOf(options)).toEqual(wish)
})

test('a user is meant by its whole address or number, and by nothing that only holds it', () => {
  for (const who of ['ADA@example.com', '+49 151 12345678', '4915112345678'])
    expect(meant([user], who), who).toBe(user)
  for (const who of ['da@example.com', 'ada', '', '15112345678'])
    expect(meant([user], who), who).toBe(undefined)
  expect([isUserId(user.id), isUserId('ada@example.com')]).toEqual([true, false])
})

test.each([
  ['unconfirmed', {}],
  ['confirmed', { phone_confirmed_at: '2026-01-31T09:30:00Z' }],
  ['banned', { banned_until: '2026-02-01T00:00:00Z', email_confirmed_at: '2026-01-31T09:30:00Z' }],
  ['unconfirmed', { banned_until: '2026-01-31T11:59:59Z' }],
  ['deleted', { deleted_at: '2026-01-31T09:30:00Z' }],
  ['anonymous', { is_anonymous: true }],
])('a user is %s, as %o has it', (state, more) => {
  expect(stateOf({ ...user, ...more }, Date.parse('2026-01-31T12:00:00Z'))).toBe(state)
})

const idp = {
  ...{ id: '3f2b1c4e-8d5a-4b6f-9c7d-0e1f2a3b4c5d', resource_id: 'crm', disabled: false },
  saml: { entity_id: 'https://idp.example/entity', metadata_xml: '<long/>', attribute_mapping: { keys: {} } },
  ...{ domains: [{ domain: 'one.example' }], created_at: '', updated_at: '' },
}

test('an identity provider is meant by any whole name it has', () => {
  for (const which of [idp.id, 'CRM', 'One.example', idp.saml.entity_id])
    expect(meantSso([idp], which), which).toBe(idp)
  for (const which of ['', 'one', 'example']) expect(meantSso([idp], which), which).toBe(undefined)
  expect(ssoView(idp)).toMatchObject({ metadata_xml: '7 characters', attribute_mapping: '{"keys":{}}' })
})

test('of an identity provider is sent what was given, and of two opposites neither', async () => {
  expect(await ssoWishOf({ domain: ['a.example'], enabled: true })).toEqual({
    ...{ domains: ['a.example'], disabled: false },
  })
  const both = { domain: [], metadataUrl: 'https://a.example', metadataFile: 'a.xml' }
  await expect(ssoWishOf(both)).rejects.toThrow('one or the other')
  await expect(ssoWishOf({ domain: [], enabled: true, disabled: true })).rejects.toThrow('one or the other')
  await expect(ssoWishOf({ domain: [], metadataFile: '/no/such.xml' })).rejects.toThrow('cannot be read')
  await expect(ssoWishOf({ domain: [], attributeMapping: 'a=b' })).rejects.toThrow('--attribute-mapping')
})

test('settings of several sections may be changed at once', () => {
  expect(settingsOf(['maxRows=5', 'edge.httpsOnly=true', 'edge.hstsMaxAgeS=60'])).toEqual({
    rest: { maxRows: 5 },
    edge: { httpsOnly: true, hstsMaxAgeS: 60 },
  })
})

test('what is no setting, or no value of one, is refused before control is asked', () => {
  expect(() => settingsOf(['maxRow=1'])).toThrow('nothing that is known')
  expect(() => settingsOf(['maxRows=many'])).toThrow('no value of maxRows')
})

test('completion knows every command and its options', () => {
  const program = new Command('cascata').option('--json')
  program.command('projects').command('create').option('--wait')
  const words = wordsOf(program)
  expect(words.get('')).toEqual(['projects', '--json'])
  expect(words.get('projects create')).toEqual(['--wait', '--json'])
})

test('what a person typed never changes the shape of a path', () => {
  expect(path`/v1/projects/${'../tokens?x'}/keys`).toBe('/v1/projects/..%2Ftokens%3Fx/keys')
})

test('a name is listed once, with a line for each of its records', () => {
  const prove = {
    type: 'TXT',
    name: '_cascata.shop.example',
    value: 'cascata-domain=1',
    purpose: 'prove',
  } as const
  const domain = {
    ...{ name: 'shop.example', readable: 'shop.example', ref: 'shop', url: 'http://x' },
    ...{ redirect_to: null, https_only: true, last_problem: null, checked_at: null, verified_at: null },
    ...{ created_at: '', status: 'unproven' as const },
  }
  const serve = { type: 'A', name: 'shop.example', value: '203.0.113.7', purpose: 'serve' } as const
  expect(listedRows({ ...domain, records: [serve, prove] })).toEqual([
    ['shop.example', 'unproven', null, 'http://x', 'A', 'shop.example', '203.0.113.7'],
    ['', '', '', '', 'TXT', '_cascata.shop.example', 'cascata-domain=1'],
  ])
  expect(listedRows({ ...domain, records: [] })).toEqual([['shop.example', 'unproven', null, 'http://x']])
})
