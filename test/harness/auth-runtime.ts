/** The real runtime with its auth service, over the test's Postgres, a real mail server beside it, settings that change live. */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PACE } from '@cascata/runtime/auth/hooks/hooks-harness'
import { startSmtp } from '@cascata/runtime/auth/mail/smtp-harness'
import { openLog } from '@cascata/runtime/gate/logger'
import { partsWith } from '@cascata/runtime/parts'
import { startRuntime } from '@cascata/runtime/runtime'
import { signApiKey } from '@cascata/shared/jwt'
import { type AuthPlace, mailboxOf, type Row, USUAL, wireTo } from './auth-place.ts'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'
import type { TestPostgres } from './postgres.ts'

export type { Called, CallOptions, ReceivedMail } from './auth-place.ts'

export type AuthRuntime = AuthPlace & {
  pg: TestPostgres
  /** Of tests: the time that the service goes by. */
  clock: { offsetMs: number }
  log: string[]
}

const SECRET = 'a-secret-of-this-test-and-no-other-project'

type Options = {
  /** Where it counts together with others; by itself when absent. */
  counters?: { socket: string } | null
  secret?: string
}

export async function startAuthRuntime(
  pg: TestPostgres,
  given: object = {},
  { counters = null, secret = SECRET }: Options = {},
): Promise<AuthRuntime> {
  const folder = await mkdtemp(join(tmpdir(), 'cascata-auth-'))
  const file = join(folder, 'project.json')
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const issuedAtS = Math.floor(Date.now() / 1000)
  const anon = await signApiKey(secret, { role: 'anon', ref: 'acme', issuedAtS })
  const service = await signApiKey(secret, { role: 'service_role', ref: 'acme', issuedAtS })
  const smtp = await startSmtp()
  let generation = 0
  const write = async (auth: object) => {
    generation += 1
    const smtpSettings = { ...smtp.settings, senderEmail: 'auth@app.test' }
    const document = {
      ...{ version: 1, ref: 'acme', generation, url, jwtSecret: secret },
      database: { host: pg.socketDir, password: pg.passwords.authenticator },
      keys: { anon, serviceRole: service },
      counters,
      auth: { ...USUAL, smtp: smtpSettings, ...given, ...auth },
    }
    await writeFile(`${file}.new`, JSON.stringify(document), { mode: 0o600 })
    await rename(`${file}.new`, file)
  }
  await write({})
  const clock = { offsetMs: 0, now: () => Date.now() + clock.offsetMs }
  const log: string[] = []
  const runtime = await startRuntime({
    config: { listen: { host: '127.0.0.1', port }, logLevel: 'debug', source: { file }, ignored: [] },
    // An endpoint thinks while the test does more.
    parts: partsWith({ hookPace: PACE }),
    logger: openLog('debug', { write: (line: string) => log.push(line) }).logger,
    clock,
  })
  await runtime.started
  const tenant = pg.as('postgres')
  return {
    ...wireTo({ url, keys: { anon, service }, fetch }),
    ...mailboxOf(smtp.received),
    ...{ pg, secret, clock, log, now: clock.now },
    async set(auth) {
      await write(auth)
      const wanted = generation
      await eventually(5_000, async () => {
        const answer = await fetch(`${url}/health/ready`)
        const { generation: is } = (await answer.json()) as { generation: number }
        if (is !== wanted) throw new Error(`generation ${is} is served, not ${wanted} yet`)
      })
    },
    async later(ms) {
      clock.offsetMs += ms
    },
    rows: async (text, ...values) => [...(await tenant<Row[]>(text, ...values))],
    async run(sql) {
      await tenant.unsafe(sql).simple()
    },
    // It is on this machine itself.
    reach: async () => {},
    logged: async () => log.join('\n'),
    async stop() {
      await runtime.stop()
      await smtp.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
