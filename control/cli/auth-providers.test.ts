/** `cascata auth providers ...`, as it is typed, against a server that answers as control does. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuthSettings } from '@cascata/shared/auth-settings'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createClient } from './client.ts'
import { readConfig } from './config.ts'
import { buildProgram } from './main.ts'
import { createOutput } from './output.ts'

type Asked = { method: string; path: string; body: unknown }
type External = Record<string, { secret: unknown }>

const GOOGLE = {
  ...{ enabled: true, clientIds: ['123.apps', '456.apps'], secret: { set: true } },
  ...{ skipNonceCheck: false, emailOptional: false, scopes: [] },
}
const OPERATION = {
  ...{
    id: '3f2b1c4e-8d5a-4b6f-9c7d-0e1f2a3b4c5d',
    kind: 'project.update',
    ref: 'shop',
    status: 'pending',
    progress: 0,
    steps: [],
  },
  ...{ result: null, problem: null, created_at: '2026-01-31T09:30:00Z', updated_at: '2026-01-31T09:30:00Z' },
  finished_at: null,
}

let server: Server
let asked: Asked[]
let external: External

beforeEach(async () => {
  asked = []
  external = {
    google: GOOGLE,
    own: { ...GOOGLE, enabled: false, secret: null, issuer: 'https://own.example' } as never,
  }
  server = createServer(async (request, response) => {
    const text = Buffer.concat(await Array.fromAsync(request)).toString()
    const [method, body] = [request.method ?? '', text === '' ? undefined : JSON.parse(text)]
    asked.push({ method, path: request.url ?? '', body })
    const config = { ...AuthSettings.parse({}), hooks: {}, external }
    const answer = method === 'PATCH' ? { ...config, operation: OPERATION } : config
    response
      .writeHead(method === 'PATCH' ? 202 : 200, { 'content-type': 'application/json' })
      .end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => {
  server.close()
})

/** @returns what is printed. */
async function typed(...words: string[]): Promise<string> {
  const { port } = server.address() as AddressInfo
  const client = createClient({ control_url: `http://127.0.0.1:${port}`, token: 'a-token' })
  let printed = ''
  const streams = { out: { write: (text: string) => (printed += text) }, err: { write: () => {} } }
  const program = buildProgram({
    config: readConfig({}),
    client: async () => client,
    output: (command) => createOutput(command.optsWithGlobals().json === true, streams),
  })
  await program.parseAsync(['auth', 'providers', ...words], { from: 'user' })
  return printed
}

const patched = () => asked.filter(({ method }) => method === 'PATCH')
const PLACE = '/v1/projects/shop/auth/config'

describe('list', () => {
  test('shows whom it lets in, and of secrets whether there is one', async () => {
    const lines = (await typed('list', 'shop')).split('\n').map((line) => line.trim().split(/\s{2,}/))
    expect(lines[0]).toEqual(['PROVIDER', 'STATE', 'CLIENT IDS', 'SECRET', 'AT'])
    expect(lines[1]).toEqual(['google', 'on', '123.apps 456.apps', 'set', '-'])
    expect(lines[2]).toEqual(['own', 'off', '123.apps 456.apps', 'none', 'https://own.example'])
    expect(asked).toEqual([{ method: 'GET', path: PLACE, body: undefined }])
  })

  test('with --json is what the API says', async () => {
    expect(JSON.parse(await typed('list', 'shop', '--json'))).toMatchObject({
      google: { secret: { set: true } },
    })
  })
})

describe('set', () => {
  test('sends what is given, the secret from a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cascata-cli-'))
    const file = join(folder, 'secret')
    await writeFile(file, 'a secret of theirs\n')
    await typed(
      ...['set', 'shop', 'gitlab', '--client-id', 'one', '--client-id', 'two', '--secret-file', file],
      ...['--url', 'https://git.example', '--scope', 'read_user', '--redirect-uri', 'https://app.example/in'],
    )
    await rm(folder, { recursive: true })
    const gitlab = {
      ...{ enabled: true, clientIds: ['one', 'two'], secret: 'a secret of theirs' },
      ...{ url: 'https://git.example', redirectUri: 'https://app.example/in', scopes: ['read_user'] },
    }
    expect(patched()).toEqual([{ method: 'PATCH', path: PLACE, body: { external: { gitlab } } }])
  })

  test.each([
    ['leaves what is not given', [], { enabled: true }],
    ['keeps it and lets nobody in', ['--disabled'], { enabled: false }],
    [
      'names any provider by its issuer',
      ['--issuer', 'https://id.example'],
      { enabled: true, issuer: 'https://id.example' },
    ],
  ])('%s', async (_what, options, google) => {
    await typed('set', 'shop', 'google', ...options)
    expect(patched()).toEqual([{ method: 'PATCH', path: PLACE, body: { external: { google } } }])
  })

  test('with a secret that cannot be read sends nothing', async () => {
    await expect(typed('set', 'shop', 'google', '--secret-file', '/nowhere/secret')).rejects.toThrow(
      'cannot be read',
    )
    expect(asked).toEqual([])
  })
})

describe('remove', () => {
  test('takes the provider and its secret away', async () => {
    await typed('remove', 'shop', 'google')
    expect(patched()).toEqual([{ method: 'PATCH', path: PLACE, body: { external: { google: null } } }])
  })

  test.each(['github', 'toString'])('refuses %s, which is not there', async (name) => {
    await expect(typed('remove', 'shop', name)).rejects.toThrow(`shop has no provider "${name}"`)
    expect(patched()).toEqual([])
  })
})
