/**
 * An address that nobody has proven, its owner, and a stranger who wants in: what both hold, and what each may do. Letters
 * are read where they are kept until they are spent: whatever is not there any more opens nothing.
 */
import { randomInt, randomUUID } from 'node:crypto'
import type { SigningJwk } from '@cascata/runtime/auth/providers/oidc-harness'
import { CLIENT, sign } from '../../harness/identity-provider.ts'
import type { Called } from '../../harness/auth-place.ts'
import type { AuthRuntime } from '../../harness/auth-runtime.ts'
import { type Authenticator, createAuthenticator } from '../../harness/authenticator.ts'
import { totpAt } from '../../harness/totp.ts'

export const THEIRS = 'the passphrase of a stranger 1'
export const THEIR_NEXT = 'another passphrase of a stranger 3'
export const OWN = 'the passphrase of the owner 2'
/** Providers: one has evidence for addresses, one has none. */
export const [SURE, UNSURE] = ['acme', 'rogue']

export type World = { auth: AuthRuntime; issuer: string; key: SigningJwk }
export type Session = { bearer: string; refresh: string; userId: string }

export type Play = World & {
  by: 'email' | 'phone'
  /** The owner's address, or number. */
  contact: string
  /** What the stranger can read. */
  mailbox: string
  number: string
  /** Ids at the providers. */
  subs: { owner: string; stranger: string; further: string }
  sessions: Session[]
  keys: Authenticator[]
  secrets: Map<string, string>
  /** Letters that the owner waits for, as `/verify` names them. */
  awaited: Set<string>
  owner: Session | undefined
}

export const newNumber = (): string => `49151${randomInt(1e8, 1e9)}`

export function beginPlay(world: World, by: Play['by']): Play {
  const name = randomUUID().slice(0, 13)
  return {
    ...world,
    ...{ by, contact: by === 'email' ? `owner-${name}@example.com` : newNumber() },
    ...{ mailbox: `stranger-${name}@example.com`, number: newNumber() },
    subs: { owner: `o-${name}`, stranger: `s-${name}`, further: `f-${name}` },
    ...{ sessions: [], keys: [], secrets: new Map(), awaited: new Set(), owner: undefined },
  }
}

/** A refusal is an answer like others; a failure of the service is none. */
export async function ask(play: Play, path: string, body: object = {}, bearer?: string): Promise<Called> {
  const method = path === '/user' && Object.keys(body).length > 0 ? 'PUT' : path === '/user' ? 'GET' : 'POST'
  const options = method === 'GET' ? {} : { body }
  const answer = await play.auth.call(method, path, { ...options, ...(bearer && { bearer }) })
  if (answer.status >= 500) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`)
  return answer
}

export const sessionIn = ({ body }: Called): Session | undefined => {
  const { access_token: bearer, refresh_token: refresh, user } = body
  if (typeof bearer !== 'string') return undefined
  return { bearer, refresh: String(refresh), userId: String((user as { id: string }).id) }
}

const contactOf = ({ by, contact }: Play) => ({ [by]: contact })
export const signUp = (play: Play, password: string) => ask(play, '/signup', { ...contactOf(play), password })
export const askForCode = (play: Play) => ask(play, '/otp', contactOf(play))
export const recover = (play: Play) => ask(play, '/recover', contactOf(play))
export const sendAgain = (play: Play) =>
  ask(play, '/resend', { ...contactOf(play), type: play.by === 'email' ? 'signup' : 'sms' })
export const signIn = (play: Play, password: string) =>
  ask(play, '/token?grant_type=password', { ...contactOf(play), password })

type Vouching = { provider: string; sub: string; email: string; bearer?: string }

/** With a token of the provider's for this person. */
export async function comeBy(play: Play, { provider, sub, email, bearer }: Vouching): Promise<Called> {
  const now = Math.floor(play.auth.now() / 1000)
  const claims = { iss: play.issuer, aud: CLIENT.client_id, iat: now, exp: now + 600 }
  const person = { sub, email, email_verified: provider === SURE }
  const token = await sign({ ...claims, ...person }, play.key)
  const body = { provider, id_token: token, ...(bearer && { link_identity: true }) }
  return ask(play, '/token?grant_type=id_token', body, bearer)
}

const TYPES: Readonly<Record<string, string>> = {
  confirmation_token: 'signup',
  recovery_token: 'magiclink',
  email_change_token_new: 'email_change',
  email_change_token_current: 'email_change',
  phone_change_token: 'phone_change',
}

/** Latest first. */
export async function lettersTo(play: Play, to: string): Promise<{ hash: string; type: string }[]> {
  const rows = await play.auth.pg.admin()<{ hash: string; kind: string }[]>`
    select token_hash as hash, token_type as kind from auth.one_time_tokens
    where relates_to = ${to} order by created_at desc`
  return rows.map(({ hash, kind }) => {
    const type = TYPES[kind] ?? kind
    return { hash, type: type === 'signup' && !to.includes('@') ? 'sms' : type }
  })
}

export const follow = (play: Play, { hash, type }: { hash: string; type: string }) =>
  ask(play, '/verify', { token_hash: hash, type })

/** Whatever comes to the stranger's own mailbox and telephone. */
export async function followTheirs(play: Play): Promise<void> {
  for (const to of [play.mailbox, play.number])
    for (const letter of await lettersTo(play, to)) keep(play, await follow(play, letter))
}

export function keep(play: Play, answer: Called): void {
  const session = sessionIn(answer)
  if (session) play.sessions.push(session)
}

export const inPlace = ({ sessions }: Play): string | undefined => sessions.at(-1)?.bearer

export async function registerPasskey(play: Play, bearer: string): Promise<void> {
  const { body, status } = await ask(play, '/passkeys/registration/options', {}, bearer)
  if (status !== 200) return
  const key = createAuthenticator({ origin: 'http://app.test', rpId: 'app.test' })
  const answer = { challenge_id: body.challenge_id, credential: key.create(body.options) }
  const made = await ask(play, '/passkeys/registration/verify', answer, bearer)
  if (made.status === 200) play.keys.push(key)
}

export async function signInByPasskey(play: Play, key: Authenticator): Promise<Called> {
  const { body } = await ask(play, '/passkeys/authentication/options')
  const answer = { challenge_id: body.challenge_id, credential: key.sign(body.options) }
  return ask(play, '/passkeys/authentication/verify', answer)
}

export async function enrolFactor(play: Play, bearer: string): Promise<void> {
  const made = await ask(play, '/factors', { factor_type: 'totp', friendly_name: randomUUID() }, bearer)
  if (made.status !== 200) return
  const { id, totp } = made.body as { id: string; totp: { secret: string } }
  const { body } = await ask(play, `/factors/${id}/challenge`, {}, bearer)
  const code = totpAt(totp.secret, play.auth.now())
  keep(play, await ask(play, `/factors/${id}/verify`, { challenge_id: body.id, code }, bearer))
}
