/**
 * The project of the client's contract suite, made by whichever file of it runs first, and clients for every kind of
 * caller. What the files call of the client's builders is written down, to be held against what they promise.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient, type SupabaseClient, type SupabaseClientOptions } from '@supabase/supabase-js'
import { SignJWT } from 'jose'
import { z } from 'zod'
import { apiFor } from './api.ts'
import { cliFor } from './cli.ts'
import { eventually } from './eventually.ts'
import type { Instance } from './instance.ts'
import { type LocalFetch, localFetch } from './local-fetch.ts'

export const REF = 'harbour'
export const [ADA, BO] = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002']

const SQL = fileURLToPath(new URL('../fixtures/harbour.sql', import.meta.url))
const SETTINGS = { schemas: ['public', 'yard'], plan: true, aggregates: true, txEnd: 'commit-allow-override' }

const Keys = z.object({ anon_key: z.string(), service_role_key: z.string() })
const Rows = z.object({ results: z.array(z.object({ rows: z.array(z.array(z.unknown())) })) })
type Options = SupabaseClientOptions<string>

export type Harbour = {
  url: string
  fetch: LocalFetch
  anon: SupabaseClient
  service: SupabaseClient
  anonKey: string
  serviceKey: string
  /** Signed in: the anon key, and a token of this person. */
  user(sub: string): Promise<SupabaseClient>
  token(claims: Record<string, unknown>): Promise<string>
  client(key: string, options?: Options): SupabaseClient
  /** Puts the rows back. */
  fill(): Promise<void>
  /** As `postgres`, past the REST API. */
  sql(text: string): Promise<unknown[][]>
  /** Names of the builders' methods called so far. */
  called: ReadonlySet<string>
}

export async function openHarbour(instance: Instance): Promise<Harbour> {
  const cli = cliFor(instance.profile)
  if ((await cli.run('projects', 'get', REF)).code !== 0) await make(instance)
  const { anon_key: anonKey, service_role_key: serviceKey } = await cli.json(Keys, 'projects', 'keys', REF)
  const { jwtSecret, url } = z
    .object({ jwtSecret: z.string(), url: z.string() })
    .parse(JSON.parse(await readFile(join(instance.home, 'run', REF, 'project.json'), 'utf8')))
  const fetch = localFetch(instance.httpPort)
  const client = (key: string, options: Options = {}) =>
    createClient(url, key, {
      ...(options as SupabaseClientOptions<'public'>),
      auth: { persistSession: false, autoRefreshToken: false },
      global: { fetch: fetch as typeof globalThis.fetch, ...options.global },
    })
  const token = (claims: Record<string, unknown>) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(jwtSecret))
  const anon = client(anonKey)
  const service = client(serviceKey)
  return {
    ...{ url, fetch, anon, service, anonKey, serviceKey, token, client },
    async user(sub) {
      const own = await token({ sub, role: 'authenticated', aud: 'authenticated' })
      return client(anonKey, { accessToken: async () => own })
    },
    async fill() {
      const { error } = await service.rpc('harbour_fill')
      if (error) throw new Error(error.message)
    },
    sql: async (text) => (await query(instance, text)).at(-1)?.rows ?? [],
    called: recordCalls(anon),
  }
}

async function query(instance: Instance, text: string) {
  const { status, body } = await apiFor(instance).call('POST', `/v1/projects/${REF}/sql`, {
    body: { query: text },
  })
  if (status !== 200) throw new Error(JSON.stringify(body))
  return Rows.parse(body).results
}

async function make(instance: Instance): Promise<void> {
  const cli = cliFor(instance.profile)
  await cli.json(z.object({ url: z.string() }), 'projects', 'create', 'Harbour', '--ref', REF, '--wait')
  await query(instance, await readFile(SQL, 'utf8'))
  const api = apiFor(instance)
  const path = `/v1/projects/${REF}/settings`
  const etag = (await api.call('GET', path)).headers.get('etag') ?? ''
  const { status } = await api.call('PATCH', path, {
    body: { rest: SETTINGS },
    headers: { 'if-match': etag },
  })
  if (status !== 202) throw new Error(`the settings of ${REF}: ${status}`)
  const { service_role_key: apikey } = await cli.json(Keys, 'projects', 'keys', REF)
  // Written is not yet live, and the new schema must be read.
  await eventually(10_000, async () => {
    const headers = { apikey, 'accept-profile': 'yard' }
    const answer = await localFetch(instance.httpPort)(
      `http://${REF}.localhost:${instance.httpPort}/rest/v1/crane`,
      { headers },
    )
    if (answer.status !== 200) throw new Error(`the schemas of ${REF}: ${answer.status}`)
  })
}

/** The classes behind a client: of itself for one schema, of a table, and of a query (three, one above the other). */
export function builderPrototypes(client: SupabaseClient): object[] {
  const parent = (of: object): object => Object.getPrototypeOf(of)
  const ofTable = client.schema('public').from('ship')
  const ofQuery = parent(ofTable.select())
  return [parent(client.schema('public')), parent(ofTable), ofQuery, parent(ofQuery), parent(parent(ofQuery))]
}

function recordCalls(client: SupabaseClient): Set<string> {
  const called = new Set<string>()
  for (const prototype of builderPrototypes(client)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (name === 'constructor' || typeof value !== 'function') continue
      const recorded = function (this: unknown, ...args: unknown[]): unknown {
        called.add(name)
        return value.apply(this, args)
      }
      Object.defineProperty(prototype, name, { value: recorded, writable: true, configurable: true })
    }
  }
  called.clear()
  return called
}
