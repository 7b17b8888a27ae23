/** For tests: the real parts of the process over a real unix socket, around a service of the test's own. */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { type Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { signApiKey } from '@cascata/shared/jwt'
import type { ProjectDocument } from '@cascata/shared/project-document'
import { pino } from 'pino'
import { restDialect } from './http/dialects.ts'
import type { Answer, Handle, Service } from './http/service.ts'
import { type Runtime, startRuntime } from './runtime.ts'
import type { Database } from './session/database.ts'

export const SECRET = 'a-secret-of-this-test-and-no-other-project'

const documentOf = (changes: object) => ({
  version: 1,
  ref: 'acme',
  generation: 1,
  url: 'http://acme.localhost:8080',
  database: { host: '/run/cascata/db', password: 'first' },
  jwtSecret: SECRET,
  keys: { anon: 'a', serviceRole: 's' },
  limits: { bodyBytesMax: 1000, urlBytesMax: 200 },
  ...changes,
})

export const ok = (body: unknown): Answer => ({
  status: 200,
  headers: [['content-type', 'application/json']],
  body: JSON.stringify(body),
})

/** Answers what it was given. */
export const echo: Handle = async ({ method, path, query, body }, { role }) =>
  ok({ method, path, query, body: body?.toString() ?? null, role })

/** Ends only when its caller does. */
export const endless =
  (onBegin: () => void, onAbort: (reason: unknown) => void = () => {}): Handle =>
  async (_input, _session, signal) => {
    onBegin()
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    onAbort(signal.reason)
    throw signal.reason
  }

export const keyOf = (): Promise<string> =>
  signApiKey(SECRET, { role: 'anon', ref: 'acme', issuedAtS: Math.floor(Date.now() / 1000) })

export type Reply = { status: number; headers: IncomingHttpHeaders; text: string }

export type AskOptions = {
  method?: string
  headers?: Record<string, string>
  body?: string
  agent?: Agent
  /** False for a stranger. */
  key?: boolean
}

type StartOptions = { starts?: Promise<void>; drainMs?: number; talk?: NonNullable<Service['talk']> }

export type Harness = Awaited<ReturnType<typeof createHarness>>

export async function createHarness() {
  const folder = await mkdtemp(join(tmpdir(), 'cascata-runtime-'))
  const socketPath = join(folder, '1.sock')
  const records: Record<string, unknown>[] = []
  const opened: { settings: ProjectDocument['database']; closed: boolean }[] = []
  const runtimes: Runtime[] = []

  const openDatabase = ({ database }: ProjectDocument): Database => {
    const entry = { settings: database, closed: false }
    opened.push(entry)
    return {
      run: async () => ({ columns: [], rows: [], rowCount: 0 }),
      listen: async () => ({ close: async () => {} }),
      close: async () => {
        entry.closed = true
      },
    }
  }

  const harness = {
    socketPath,
    records,
    opened,
    requestRecords: () => records.filter(({ msg }) => msg === 'request'),

    async writeDocument(changes: object = {}): Promise<void> {
      await writeFile(join(folder, 'new'), JSON.stringify(documentOf(changes)))
      await rename(join(folder, 'new'), join(folder, 'project.json'))
    },

    async start(
      handle: Handle,
      { starts = Promise.resolve(), drainMs = 5_000, talk }: StartOptions = {},
    ): Promise<Runtime> {
      const runtime = await startRuntime({
        config: {
          listen: { socket: socketPath },
          logLevel: 'info',
          source: { file: join(folder, 'project.json') },
          ignored: [],
        },
        parts: {
          openDatabase,
          createServices: () => [
            {
              ...{ prefix: '/rest/v1', handle, dialect: restDialect },
              ...(talk === undefined ? {} : { talk, takesKeyInQuery: () => true }),
              ...{ start: () => starts, close: async () => {} },
            },
          ],
        },
        logger: pino({ base: null }, { write: (line: string) => void records.push(JSON.parse(line)) }),
        drainMs,
      })
      runtimes.push(runtime)
      return runtime
    },

    async ask(path: string, options: AskOptions = {}): Promise<Reply> {
      const apikey = options.key === false ? {} : { apikey: await keyOf() }
      const headers = { ...apikey, ...options.headers }
      const { method = 'GET', agent } = options
      const { promise, resolve, reject } = Promise.withResolvers<Reply>()
      const request = { socketPath, path, method, headers, ...(agent ? { agent } : {}) }
      const sent = httpRequest(request, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        const { statusCode: status = 0 } = response
        response.on('end', () => resolve({ status, headers: response.headers, text }))
      })
      sent.on('error', reject)
      sent.end(options.body)
      return promise
    },

    /** Speaks HTTP by hand, for what a client would never send; resolves when the other side hangs up. */
    raw(text: string): Promise<string> {
      const { promise, resolve } = Promise.withResolvers<string>()
      const socket = connect(socketPath)
      let answer = ''
      socket.on('data', (chunk) => {
        answer += chunk
      })
      socket.on('close', () => resolve(answer))
      socket.on('error', () => {})
      socket.write(text)
      return promise
    },

    async end(): Promise<void> {
      await Promise.all(runtimes.map((runtime) => runtime.stop()))
      await rm(folder, { recursive: true })
    },
  }
  await harness.writeDocument()
  return harness
}
