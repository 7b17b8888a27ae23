/** Certificates that a project trusts beside those everybody does: of its mail server, and of its hooks. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AuthPlace } from '../harness/auth-place.ts'
import { eventually } from '../harness/eventually.ts'
import { type SmtpHarness, selfSigned, startSmtp } from '../harness/mail-server.ts'
import { openAuth } from '../harness/open-auth.ts'

const own = selfSigned()
const trusted = { trustedCertificates: own.cert }
const newAddress = () => `person-${randomUUID().slice(0, 13)}@trust.example`

let auth: AuthPlace
let smtp: SmtpHarness
let hook: Server
let asked = 0

beforeAll(async () => {
  auth = await openAuth()
  smtp = await startSmtp({ ...own, disabledCommands: [] })
  hook = createServer(own, (request, response) => {
    asked += 1
    request.resume().on('end', () => response.writeHead(204).end())
  })
  await once(hook.listen(0, '127.0.0.1'), 'listening')
  for (const port of [smtp.settings.port, hookPort()]) await auth.reach(port)
})
afterAll(async () => {
  await auth?.stop()
  await smtp?.close()
  hook?.closeAllConnections()
  hook?.close()
})

const hookPort = () => (hook.address() as AddressInfo).port

test('a mail server gets no mail before its certificate is trusted, and then by TLS', async () => {
  const server = { smtp: smtp.settings }
  const email = newAddress()
  await auth.admin().auth.admin.createUser({ email, email_confirm: true })
  await auth.set(server)
  await auth.client().auth.signInWithOtp({ email })
  await eventually(10_000, async () => expect(await auth.logged()).toContain('no encrypted connection'))
  expect(smtp.received).toEqual([])
  await auth.set({ ...server, ...trusted })
  expect((await auth.client().auth.signInWithOtp({ email })).error).toBeNull()
  await eventually(10_000, async () =>
    expect(smtp.received).toMatchObject([{ to: [email], isEncrypted: true }]),
  )
  await auth.set({})
})

test('a hook is asked nothing before its certificate is trusted', async () => {
  const uri = `https://localhost:${hookPort()}/before`
  const secrets = [`v1,whsec_${Buffer.from(randomUUID()).toString('base64')}`]
  const hooks = { hooks: { beforeUserCreated: { uri, secrets } }, email: { autoconfirm: true } }
  const signUp = () =>
    auth.client().auth.signUp({ email: newAddress(), password: 'a long enough passphrase 4711' })
  await auth.set(hooks)
  expect((await signUp()).error).toMatchObject({ status: 422, code: 'hook_timeout_after_retry' })
  expect(asked).toBe(0)
  await auth.set({ ...hooks, ...trusted })
  const { data, error } = await signUp()
  expect([error, asked]).toEqual([null, 1])
  expect(data.session).toBeTruthy()
  await auth.set({})
})
