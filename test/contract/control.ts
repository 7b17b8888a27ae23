/** The control API over a real store; what lies outside of control (databases of projects, containers) is imitated. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openLog } from '@cascata/control/adapters/log'
import { openSeal } from '@cascata/control/adapters/seal'
import { type App, createApp } from '@cascata/control/app/app'
import type { AppDeps } from '@cascata/control/app/ports'
import { controlApp } from '@cascata/control/http/control-app'
import { ArchiveWrongKey } from '@cascata/shared/problems/archive'
import { openTestStore, type TestStore } from './store.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const swagger = createRequire(join(root, 'control/package.json')).resolve('swagger-ui-dist/package.json')

export type Reply = {
  status: number
  headers: Headers
  text: string
  body: Record<string, unknown> & { items?: Record<string, unknown>[] }
}

export type TestControl = TestStore & {
  app: App
  clock: { ms: number }
  home: string
  kicked: { id: string; kind: string; ref: string }[]
  logged: string[]
  http: ReturnType<typeof controlApp>
  /** `as` is a bearer token, or nobody. */
  call(method: string, path: string, options?: Call): Promise<Reply>
  /** Redeems the first link: the token of an owner. */
  claim(): Promise<string>
  /** The same store and files under a process that starts anew. */
  restart(): void
}
export type Call = { as?: string | undefined; body?: unknown; headers?: Record<string, string> }

/** @param real parts in place of what is imitated. */
export async function openTestControl(real: Partial<AppDeps> = {}): Promise<TestControl> {
  const on = await openTestStore()
  const home = await mkdtemp(join(tmpdir(), 'cascata-control-'))
  const seal = await openSeal(join(home, 'control', 'master.key'))
  const clock = { ms: Date.now() }
  const kicked: TestControl['kicked'] = []
  const logged: string[] = []
  const deps: AppDeps = {
    store: on.store,
    seal,
    clock: { now: () => clock.ms },
    instance: {
      version: '0.1.0',
      imageTag: '0.1.0',
      domain: 'localhost',
      home,
      controlUrl: 'http://localhost:8080',
      edgeUrl: 'http://127.0.0.1:8080',
      projectUrl: (ref) => `http://${ref}.localhost:8080`,
      urlAt: (host) => `http://${host}:8080`,
      addresses: () => ['127.0.0.1'],
      diskOf: () => undefined,
      direct: { host: 'localhost', sessionPort: 15_432, transactionPort: 16_543 },
    },
    templates: new Set(['empty']),
    sql: {
      run: async (_ref, sql) => ({
        results: [{ command: sql, columns: ['n'], rows: [[1]], row_count: 1, truncated: false }],
      }),
      migrate: async () => ({ applied: true }),
      migrations: async () => [{ version: '1', name: 'first' }],
      catalog: async (_ref, schemas) => ({
        ...{ relations: [], keys: [], types: [], functions: [] },
        schemas: schemas.filter((name) => name !== 'absent'),
      }),
    },
    describeApi: async (ref, { role }) => ({ openapi: '3.0.3', info: { title: `${ref} as ${role}` } }),
    askAuth: async () => ({ body: {}, total: undefined }),
    async *logs() {
      yield* ['one', 'two']
    },
    async verifyArchive(file, { passphrase }) {
      if (passphrase !== 'größe') throw ArchiveWrongKey('No key opens it.')
      return { bytes: (await readFile(file)).length }
    },
    replicas: async ({ settings: { replicas } }) => ({
      ...{ min: replicas.min, max: replicas.max, wanted: replicas.min, replicas: [] },
    }),
    system: async () => [{ role: 'meta', state: 'running', health: 'healthy' }],
    acme: { isOn: true },
    damagedCertificates: async () => [],
    kickCertificates: () => {},
    commit: (_ref, transaction) => transaction(),
    hold: () => () => {},
    wake: async () => {},
    kick: (operation) => void kicked.push(operation),
    domainsChanged() {},
    ...real,
  }
  const log = openLog('info', { write: (line) => void logged.push(line) })
  const assets = {
    console: join(root, 'control/console'),
    reference: dirname(swagger),
    problems: join(root, 'docs/problems'),
  }
  const serve = () => {
    const app = createApp(deps)
    const { clock } = deps
    return { app, http: controlApp({ app, clock, log, version: '0.1.0', assets }) }
  }

  const control: TestControl = {
    ...on,
    ...serve(),
    clock,
    home,
    kicked,
    logged,
    restart: () => Object.assign(control, serve()),
    async call(method, path, { as, body, headers } = {}) {
      const response = await control.http.request(path, {
        method,
        headers: {
          ...(as && { authorization: `Bearer ${as}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await response.text()
      const isJson = response.headers.get('content-type')?.includes('json') && text !== ''
      return {
        status: response.status,
        headers: response.headers,
        text,
        body: isJson ? JSON.parse(text) : {},
      }
    },
    async claim() {
      const link = await control.app.claims.first()
      const token = new URL(link?.link ?? '').hash.slice(1)
      const { body } = await control.call('POST', '/v1/claim', { body: { token } })
      return String(body.token)
    },
    async stop() {
      await on.stop()
      await rm(home, { recursive: true })
    },
  }
  return control
}
