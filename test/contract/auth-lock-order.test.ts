/**
 * Everybody who changes a user locks the user first: two who come at the same moment wait for one another, and never for
 * ever. Postgres ends one of those who do (40P01), and its caller would see an error of the server.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createCodes } from '../harness/auth-codes.ts'
import { createPeople } from '../harness/auth-people.ts'
import { type AuthRuntime, type Called, startAuthRuntime } from '../harness/auth-runtime.ts'
import { createApps } from '../harness/oauth-apps.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'
import { inTurn } from '../harness/user-queue.ts'

let pg: TestPostgres
let auth: AuthRuntime
const people = createPeople(() => auth)
const apps = createApps(() => auth)
const { exchanged, inHand, spent, refreshed } = createCodes(() => auth, { people, apps })

beforeAll(async () => {
  pg = await startPostgres()
  auth = await startAuthRuntime(pg, { oauthServer: { enabled: true }, email: { maxFrequencyS: 0 } })
})
afterAll(async () => {
  await auth?.stop()
  await pg?.stop()
})
beforeEach(() => {
  auth.clock.offsetMs += 300_000
})
afterEach(() => {
  expect(auth.log.filter((line) => line.includes('40P01'))).toEqual([])
})

const admin = (method: string, path: string, body?: object) =>
  auth.call(method, `/admin/${path}`, { bearer: auth.keys.service, ...(body && { body }) })

/** With codes in hand, and another application that has spent its code and refreshed what it got. */
async function scene() {
  const held = await inHand()
  const other = await apps.newApp()
  const used = await apps.codeFor(other, held.person.client)
  const { body } = await spent(other, used)
  const tokens = { access: String(body.access_token), refresh: String(body.refresh_token) }
  expect((await refreshed(other, tokens.refresh)).status).toBe(200)
  return { ...held, other, used, tokens }
}
type Scene = Awaited<ReturnType<typeof scene>>
type Act = (scene: Scene) => Promise<Called>

const ENDS: readonly [string, Act][] = [
  ['a soft delete', ({ person }) => admin('DELETE', `users/${person.user.id}`, { should_soft_delete: true })],
  ['a delete', ({ person }) => admin('DELETE', `users/${person.user.id}`)],
  ['a logout', ({ person }) => people.post('/logout?scope=global', person.bearer)],
  ['a logout of the application', ({ tokens }) => people.post('/logout?scope=local', tokens.access)],
  [
    'a grant that is taken back',
    ({ person, other }) =>
      auth.call('DELETE', `/user/oauth/grants?client_id=${other.app.id}`, { bearer: person.bearer }),
  ],
  ['an application that is removed', ({ other }) => admin('DELETE', `oauth/clients/${other.app.id}`)],
]

const BEGINNINGS: readonly [string, Act][] = [
  ['an application’s code', ({ app, granted }) => spent(app, granted)],
  ['an application’s code that comes again', ({ other, used }) => spent(other, used)],
  ['a refresh token that comes again late', ({ other, tokens }) => refreshed(other, tokens.refresh)],
  ['a PKCE code', ({ mailed }) => exchanged(mailed)],
  ['a letter that is asked for', ({ person }) => people.post('/recover', undefined, { email: person.email })],
]

const PAIRS = ENDS.flatMap(([end, ends]) =>
  BEGINNINGS.map(([begin, begins]) => [end, begin, { ends, begins }] as const),
)

describe('neither waits for the other for ever:', () => {
  test.each(PAIRS)('%s and %s', async (_end, _begin, { ends, begins }) => {
    for (const order of [
      [begins, ends],
      [ends, begins],
    ] as const) {
      const all = await scene()
      auth.clock.offsetMs += 60_000
      const answers = await inTurn<[Called, Called]>(pg, all.person.user.id, [
        () => order[0](all),
        () => order[1](all),
      ])
      for (const { status } of answers) expect(status).toBeLessThan(500)
    }
  })
})

test('nor do many of them at once', async () => {
  for (let round = 0; round < 4; round++) {
    const all = await scene()
    auth.clock.offsetMs += 60_000
    const acts = [...BEGINNINGS, ...ENDS.slice(2)].map(([, act]) => act)
    const answers = await Promise.all(acts.map((act) => act(all)))
    expect(answers.map(({ status }) => status).filter((status) => status >= 500)).toEqual([])
  }
})
