/** Two runtimes of one project, each asked by itself: what is tried at one counts at the other, with Redis, without and after it. */
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { cliFor } from '../harness/cli.ts'
import { containersOf, projectContainers } from '../harness/docker.ts'
import { askEngine } from '../harness/engine-api.ts'
import { eventually } from '../harness/eventually.ts'
import { Created } from './shapes.ts'

const REF = 'guarded'
const PASSWORD = 'a long enough passphrase 4711'
const { name: instance, profile, home } = inject('instance')
const cli = cliFor(profile)

let project: Created
let slots: number[] = []

beforeAll(async () => {
  project = await cli.json(Created, 'projects', 'create', REF, '--ref', REF, '--template', 'empty', '--wait')
  await cli.run('projects', 'scale', REF, '2', '--wait')
  const set = await cli.run(
    'auth',
    'config',
    'set',
    REF,
    'lockout.attempts=4',
    'lockout.firstLockS=600',
    '--wait',
  )
  expect(set.code).toBe(0)
  const own = await projectContainers(instance, REF)
  slots = own.filter(({ role }) => role === 'runtime').map(({ name }) => Number(/\d+$/.exec(name)?.[0]))
  expect(slots).toHaveLength(2)
})
afterAll(async () => {
  await cli.run('projects', 'delete', REF, '--yes')
})

/** At its own socket, past the edge: which of them answers is what it is about. @returns the status. */
function ask(slot: number, path: string, body: object, key: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const headers = { apikey: key, authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const options = { path: `/auth/v1${path}`, method: 'POST', headers }
  const socketPath = join(home, 'run', REF, 'http', `${slot}.sock`)
  const sent = request({ ...options, socketPath }, (answer) => {
    answer.resume()
    resolve(answer.statusCode ?? 0)
  })
  sent.on('error', reject)
  sent.end(JSON.stringify(body))
  return promise
}

async function somebody(email: string): Promise<string> {
  const user = { email, password: PASSWORD, email_confirm: true }
  expect(await ask(slots[0] ?? 0, '/admin/users', user, project.service_role_key)).toBe(200)
  return email
}
const signIn = (at: 0 | 1, email: string, password = PASSWORD) =>
  ask(slots[at] ?? 0, '/token?grant_type=password', { email, password }, project.anon_key)

test('four failures, two at each, lock both; and a Redis that is killed opens neither', async () => {
  const email = await somebody('ada@guarded.test')
  for (const at of [0, 1, 0, 1] as const) expect(await signIn(at, email, 'a wrong guess')).toBe(400)
  expect([await signIn(0, email), await signIn(1, email)]).toEqual([429, 429])

  const redis = `${instance}-redis`
  await askEngine('POST', `/containers/${redis}/kill?signal=SIGKILL`)
  expect([await signIn(0, email), await signIn(1, email)]).toEqual([429, 429])
  await eventually(30_000, async () => {
    const found = (await containersOf(instance)).find(({ name }) => name === redis)
    expect(found?.state).toBe('running')
  })
  expect([await signIn(0, email), await signIn(1, email)]).toEqual([429, 429])

  // Together again, as soon as each has asked once more.
  await eventually(60_000, async () => {
    const fresh = await somebody(`person-${Date.now()}@guarded.test`)
    for (const at of [0, 1, 0, 1] as const) await signIn(at, fresh, 'a wrong guess')
    expect([await signIn(0, fresh), await signIn(1, fresh)]).toEqual([429, 429])
  })
})
