/** A server that speaks as GitHub Enterprise does: the pages of its sign-in, its tokens and its API. */
import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type GithubPerson = {
  id: number
  login: string
  name: string | null
  emails: { email: string; primary: boolean; verified: boolean }[]
}

type Issued = { person: GithubPerson; redirectUri: string; challenge: string | null; scope: string }

export type GithubServer = Awaited<ReturnType<typeof startGithub>>

export const GITHUB_APP = { clientId: 'Iv1.our-app', secret: 'the-secret-of-our-app' }

/** @param people who may be signed in at their browser, one at a time. */
export async function startGithub() {
  const codes = new Map<string, Issued>()
  const tokens = new Map<string, Issued>()
  const asked: string[] = []
  let signedIn: GithubPerson | undefined
  let base = ''

  const authorize = (url: URL, response: ServerResponse) => {
    const { searchParams: given } = url
    const redirectUri = given.get('redirect_uri') ?? ''
    if (given.get('client_id') !== GITHUB_APP.clientId || !signedIn) return say(response, 404, {})
    const back = new URL(redirectUri)
    back.searchParams.set('state', given.get('state') ?? '')
    const code = randomUUID().replaceAll('-', '').slice(0, 20)
    const challenge = given.get('code_challenge')
    codes.set(code, { person: signedIn, redirectUri, challenge, scope: given.get('scope') ?? '' })
    back.searchParams.set('code', code)
    back.searchParams.set('iss', `${base}/login/oauth`)
    response.writeHead(302, { location: back.href }).end()
  }

  /** A failure is 200, too; and who does not ask for JSON gets a form. */
  const token = (request: IncomingMessage, response: ServerResponse, form: URLSearchParams) => {
    const issued = codes.get(form.get('code') ?? '')
    codes.delete(form.get('code') ?? '')
    const answer = judged(form, issued)
    if (issued && 'access_token' in answer) tokens.set(answer.access_token, issued)
    if (request.headers.accept?.includes('application/json')) return say(response, 200, answer)
    const text = new URLSearchParams(answer).toString()
    response.writeHead(200, { 'content-type': 'application/x-www-form-urlencoded' }).end(text)
  }

  const api = (request: IncomingMessage, response: ServerResponse, path: string) => {
    // As GitHub does with whoever does not say who they are.
    if (!request.headers['user-agent']) return say(response, 403, { message: 'User-Agent is required' })
    const issued = tokens.get((request.headers.authorization ?? '').replace(/^(?:Bearer|token) /, ''))
    if (!issued) return say(response, 401, { message: 'Bad credentials' })
    const { person, scope } = issued
    const mayMail = scope.split(' ').includes('user:email')
    if (path === '/api/v3/user/emails')
      return mayMail ? say(response, 200, person.emails) : say(response, 404, { message: 'Not Found' })
    const { id, login, name } = person
    const user = {
      id,
      login,
      name,
      node_id: `U_${id}`,
      type: 'User',
      avatar_url: `${base}/u/${id}.png`,
      email: null,
    }
    return path === '/api/v3/user' ? say(response, 200, user) : say(response, 404, { message: 'Not Found' })
  }

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '', base)
    asked.push(`${request.method} ${url.pathname}`)
    const text = Buffer.concat(await Array.fromAsync(request)).toString()
    if (url.pathname === '/login/oauth/authorize') return authorize(url, response)
    if (url.pathname === '/login/oauth/access_token' && request.method === 'POST')
      return token(request, response, new URLSearchParams(text))
    return api(request, response, url.pathname)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  base = `http://127.0.0.1:${port}`
  return {
    ...{ url: base, port, asked },
    /** Who sits at the browser. */
    signIn(person: GithubPerson) {
      signedIn = person
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

const say = (response: ServerResponse, status: number, value: unknown) =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))

type Answer =
  | { access_token: string; token_type: string; scope: string }
  | { error: string; error_description: string }

function judged(form: URLSearchParams, issued: Issued | undefined): Answer {
  const refused = (error: string): Answer => ({ error, error_description: `refused: ${error}` })
  if (form.get('client_id') !== GITHUB_APP.clientId || form.get('client_secret') !== GITHUB_APP.secret)
    return refused('incorrect_client_credentials')
  if (!issued) return refused('bad_verification_code')
  if (form.get('redirect_uri') !== issued.redirectUri) return refused('redirect_uri_mismatch')
  const proof = createHash('sha256')
    .update(form.get('code_verifier') ?? '')
    .digest('base64url')
  if (issued.challenge !== null && proof !== issued.challenge) return refused('bad_verification_code')
  return { access_token: `gho_${randomUUID()}`, token_type: 'bearer', scope: issued.scope }
}
