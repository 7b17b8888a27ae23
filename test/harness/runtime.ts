/** The real runtime over the test's Postgres, listening on a port of this machine. */
import { openLog } from '@cascata/runtime/gate/logger'
import { parts } from '@cascata/runtime/parts'
import { startRuntime } from '@cascata/runtime/runtime'
import { signApiKey } from '@cascata/shared/jwt'
import { ProjectDocument } from '@cascata/shared/project-document'
import { freePort } from './free-port.ts'
import type { TestPostgres } from './postgres.ts'

export type TestRuntime = {
  /** Of the REST API: `http://127.0.0.1:1234/rest/v1`. */
  url: string
  keys: { anon: string; service: string }
  stop(): Promise<unknown>
}

const SECRET = 'a-secret-of-this-test-and-no-other-project'

/** @param socket to listen on instead of a port, as a project's runtime does. */
export async function startTestRuntime(
  pg: TestPostgres,
  rest: object = {},
  socket?: string,
): Promise<TestRuntime> {
  // The document names the port, so it must be known before anything listens on it.
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const issuedAtS = Math.floor(Date.now() / 1000)
  const anon = await signApiKey(SECRET, { role: 'anon', ref: 'acme', issuedAtS })
  const service = await signApiKey(SECRET, { role: 'service_role', ref: 'acme', issuedAtS })
  const document = ProjectDocument.parse({
    version: 1,
    ref: 'acme',
    generation: 1,
    url,
    database: { host: pg.socketDir, password: pg.passwords.authenticator },
    jwtSecret: SECRET,
    keys: { anon, serviceRole: service },
    rest,
  })
  const runtime = await startRuntime({
    config: {
      listen: socket === undefined ? { host: '127.0.0.1', port } : { socket },
      logLevel: 'silent',
      source: { document, jwtSecret: SECRET },
      ignored: [],
    },
    parts,
    logger: openLog('silent', { write: () => undefined }).logger,
  })
  await runtime.started
  return { url: `${url}/rest/v1`, keys: { anon, service }, stop: () => runtime.stop() }
}
