/** The whole runtime on a unix socket, with its real parts, over a test's own Postgres; and clients of it. */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLog } from '@cascata/runtime/gate/logger'
import { parts } from '@cascata/runtime/parts'
import { startRuntime } from '@cascata/runtime/runtime'
import { SignJWT } from 'jose'
import type { TestPostgres } from './postgres.ts'

export const SECRET = 'a-secret-of-these-tests-and-of-no-project'

export type Reply = { status: number; headers: IncomingHttpHeaders; text: string }
export type Ask = {
  method?: string
  headers?: Record<string, string>
  token?: string
  body?: unknown
  agent?: Agent
  signal?: AbortSignal
}

export const tokenOf = (claims: Record<string, unknown>, secret = SECRET): Promise<string> =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(secret))

export type RestRuntime = Awaited<ReturnType<typeof startRestRuntime>>

export async function startRestRuntime(pg: TestPostgres, document: object = {}, poolSize = 3) {
  const folder = await mkdtemp(join(tmpdir(), 'cascata-rest-'))
  const socketPath = join(folder, '1.sock')
  const records: Record<string, unknown>[] = []
  const write = async (changes: object) => {
    const whole = {
      ...{ version: 1, ref: 'test', generation: 1, url: 'http://test.localhost', jwtSecret: SECRET },
      database: { host: pg.socketDir, password: pg.passwords.authenticator, poolSize },
      keys: { anon: 'anon-key-of-these-tests', serviceRole: 'service-key-of-these-tests' },
      ...changes,
    }
    await writeFile(join(folder, 'new'), JSON.stringify(whole))
    await rename(join(folder, 'new'), join(folder, 'project.json'))
  }
  await write(document)
  const runtime = await startRuntime({
    config: {
      listen: { socket: socketPath },
      logLevel: 'error',
      source: { file: join(folder, 'project.json') },
      ignored: [],
    },
    parts,
    logger: openLog('warn', { write: (line: string) => void records.push(JSON.parse(line)) }).logger,
    drainMs: 5_000,
  })
  await runtime.started
  const common = new Agent({ keepAlive: true, maxSockets: 32 })

  return {
    socketPath,
    /** What was logged as a warning or worse. */
    records,
    write,
    ask(
      path: string,
      { method = 'GET', headers = {}, token, body, agent = common, signal }: Ask = {},
    ): Promise<Reply> {
      const { promise, resolve, reject } = Promise.withResolvers<Reply>()
      const content = body === undefined ? undefined : JSON.stringify(body)
      const sent = httpRequest(
        {
          ...{ socketPath, path: `/rest/v1${path}`, method, agent },
          ...(signal ? { signal } : {}),
          headers: {
            ...(token === undefined
              ? { apikey: 'anon-key-of-these-tests' }
              : { authorization: `Bearer ${token}` }),
            ...(content === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(content)) }),
            ...headers,
          },
        },
        (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk
          })
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
          )
          response.on('error', reject)
        },
      )
      sent.on('error', reject)
      sent.end(content)
      return promise
    },
    async stop(): Promise<void> {
      common.destroy()
      await runtime.stop()
      await rm(folder, { recursive: true })
    },
  }
}
