/**
 * Ten thousand guesses of a mailed code against the live service, from many addresses and over many connections at once:
 * no more of them are judged than a code may be guessed.
 */
import { Agent, request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AuthRuntime, startAuthRuntime } from '../harness/auth-runtime.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'

const GUESSES = 10_000
const CONNECTIONS = 32
const ADDRESSES = 2_500
/** Of one code. */
const ALLOWED = 5

let pg: TestPostgres
let auth: AuthRuntime

beforeAll(async () => {
  pg = await startPostgres()
  // Of each guess that is judged the service takes note in the code's row.
  await pg
    .admin()
    .unsafe(`
      create table public.tries (at timestamptz default now());
      create function public.note_try() returns trigger security definer language plpgsql as
        $$ begin insert into public.tries default values; return new; end $$;
      create trigger note_try after update of attempts on auth.one_time_tokens
        for each row execute function public.note_try()`)
    .simple()
  auth = await startAuthRuntime(pg)
})
afterAll(async () => {
  await auth?.stop()
  await pg?.stop()
})

const six = (number: number): string => String(number % 1_000_000).padStart(6, '0')

type Guess = { email: string; token: string; from: string }

function createGuesser() {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const guess = ({ email, token, from }: Guess): Promise<{ status: number; code: string }> => {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; code: string }>()
    const body = JSON.stringify({ type: 'email', email, token })
    const headers = {
      ...{ apikey: auth.keys.anon, 'content-type': 'application/json', 'x-real-ip': from },
      'content-length': String(Buffer.byteLength(body)),
    }
    const asked = request(`${auth.url}/auth/v1/verify`, { method: 'POST', agent, headers }, (response) => {
      response
        .resume()
        .on('end', () =>
          resolve({ status: response.statusCode ?? 0, code: String(response.headers['x-sb-error-code']) }),
        )
    })
    asked.on('error', reject)
    asked.end(body)
    return promise
  }
  return { guess, close: () => agent.destroy() }
}

const addressOf = (at: number): string => `203.0.${(at >> 8) & 255}.${at & 255}`

test('ten thousand guesses get no more than the allowed tries, and the code is void', {
  timeout: 300_000,
}, async () => {
  const email = 'guessed@example.com'
  await auth.admin().auth.admin.createUser({ email, password: 'a long passphrase 4711', email_confirm: true })
  await auth.client().auth.signInWithOtp({ email })
  const { code = '' } = await auth.mailTo(email)
  expect(code).toMatch(/^\d{6}$/)
  const guesser = createGuesser()
  // The true one is among them, after as many wrong ones as are allowed: a service that judged more would let it in.
  const wrong = Array.from({ length: GUESSES - 1 }, (_, at) => six(Number(code) + 1 + at))
  const tokens = [...wrong.slice(0, 500), code, ...wrong.slice(500)]
  const answers = new Map<string, number>()
  let next = 0
  const worker = async () => {
    for (let at = next++; at < tokens.length; at = next++) {
      const answer = await guesser.guess({ email, token: tokens[at] ?? '', from: addressOf(at % ADDRESSES) })
      const words = `${answer.status} ${answer.code}`
      answers.set(words, (answers.get(words) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, worker))
  guesser.close()

  expect([...answers.values()].reduce((sum, each) => sum + each, 0)).toBe(GUESSES)
  const [judged] = await pg.admin()`select count(*)::int as tries from public.tries`
  expect(judged?.tries).toBe(ALLOWED)
  // Nobody got in, and nobody learned that the code was void.
  expect([...answers.keys()]).toEqual(['403 otp_expired'])
  const left = await pg.admin()`
    select 1 from auth.one_time_tokens t join auth.users u on u.id = t.user_id where u.email = ${email}`
  expect(left).toHaveLength(0)
  const sessions = await pg.admin()`
    select 1 from auth.sessions s join auth.users u on u.id = s.user_id where u.email = ${email}`
  expect(sessions).toHaveLength(0)
})

test('of many guesses at the same moment no more are judged than are allowed', async () => {
  const email = 'at-once@example.com'
  await auth.admin().auth.admin.createUser({ email, password: 'a long passphrase 4711', email_confirm: true })
  await auth.client().auth.signInWithOtp({ email })
  const { code = '' } = await auth.mailTo(email)
  const guesser = createGuesser()
  const wrong = Array.from({ length: ALLOWED - 1 }, (_, at) => six(Number(code) + 1 + at))
  const answers = await Promise.all(
    wrong.map((token, at) => guesser.guess({ email, token, from: addressOf(at) })),
  )
  expect(answers.map(({ status }) => status)).toEqual(wrong.map(() => 403))
  const [row] = await pg.admin()`
    select attempts from auth.one_time_tokens t join auth.users u on u.id = t.user_id where u.email = ${email}`
  // Each was counted: none hid behind another.
  expect(row?.attempts).toBe(ALLOWED - 1)
  expect((await guesser.guess({ email, token: code, from: addressOf(99) })).status).toBe(200)
  guesser.close()
})
