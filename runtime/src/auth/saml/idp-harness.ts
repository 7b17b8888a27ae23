/** A real identity provider for tests (Auth0's samlp), on loopback, whose keys can be turned; and a browser that signs in there. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { craftMetadata, type IdpKey } from './responses-harness.ts'

/** It is CommonJS for Express: of both, what is used here. */
type Handler = (request: object, response: object, next: (error: unknown) => void) => void
type Read = { assertionConsumerServiceURL?: string }
type Samlp = {
  auth(options: Readonly<Record<string, unknown>>): Handler
  parseRequest(request: object, options: object, done: (error: unknown, read?: Read) => void): void
}
const samlp = createRequire(import.meta.url)('samlp') as Samlp

export type IdpHarness = {
  entityId: string
  metadataUrl: string
  metadata(): string
  /** From now on it signs with this one, and publishes no other. */
  turnKey(key: IdpKey): void
  /** What it says of itself besides, in its metadata. */
  describe(more: { more?: string; descriptor?: string }): void
  /** Requests that came in, each as its query was. */
  requests: string[]
  /** How often its metadata was asked for. */
  asked(): number
  close(): void
}

/** @param options of samlp. */
export async function startIdp(
  first: IdpKey,
  options: Readonly<Record<string, unknown>> = {},
): Promise<IdpHarness> {
  const requests: string[] = []
  let [key, told, asked]: [IdpKey, { more?: string; descriptor?: string }, number] = [first, {}, 0]
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', origin)
    if (url.pathname === '/metadata') {
      asked += 1
      response.setHeader('content-type', 'application/samlmetadata+xml')
      response.end(metadata())
      return
    }
    requests.push(url.search.slice(1))
    answer({ request, response, url }, { ...options, issuer: entityId, cert: key.certificate, key: key.key })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const entityId = `${origin}/entity`
  const metadata = () =>
    craftMetadata({ entityId, signInUrl: `${origin}/sso`, certificates: [key.certificate], ...told })
  return {
    ...{ entityId, metadataUrl: `${origin}/metadata`, metadata, requests, asked: () => asked },
    turnKey: (next) => {
      key = next
    },
    describe: (more) => {
      told = more
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

type Exchange = { request: IncomingMessage; response: ServerResponse; url: URL }

function answer({ request, response, url }: Exchange, options: Readonly<Record<string, unknown>>): void {
  const login = url.searchParams.get('login') ?? 'ada'
  const user = {
    ...{ id: login, displayName: `The ${login}`, name: { familyName: 'Of Tests', givenName: login } },
    emails: [{ value: `${login}@example.com` }],
  }
  const asked = Object.assign(request, { query: Object.fromEntries(url.searchParams), body: {}, user })
  const given = Object.assign(response, {
    set: (name: string, value: string) => response.setHeader(name, value),
    send: (body: unknown) => response.end(String(body)),
  })
  const refuse = (error: unknown) => void response.writeHead(500).end(String(error))
  samlp.parseRequest(asked, {}, (error, read) => {
    if (error || !read?.assertionConsumerServiceURL) return refuse(error ?? 'no request')
    const place = read.assertionConsumerServiceURL
    const handle = samlp.auth({
      ...{ getPostURL: postTo(place), recipient: place, destination: place, lifetimeInSeconds: 300 },
      nameIdentifierFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
      ...options,
    })
    handle(asked, given, refuse)
  })
}

type Done = (error: unknown, url?: string) => void
const postTo =
  (place: string) =>
  (_audience: unknown, _xml: unknown, _request: unknown, done: Done): void =>
    done(null, place)

export type PostedForm = { action: string; fields: URLSearchParams }

/** Signs in at the provider as somebody; stops where the browser would post its form to us. */
export async function signInAt(url: string, login: string): Promise<PostedForm> {
  const asked = new URL(url)
  asked.searchParams.set('login', login)
  const answered = await fetch(asked)
  const page = await answered.text()
  const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1]
  if (action === undefined) throw new Error(`no form on the page: ${answered.status} ${page.slice(0, 500)}`)
  const fields = new URLSearchParams()
  for (const [, name = '', value = ''] of page.matchAll(/<input[^>]* name="([^"]+)"\s+value="([^"]*)"/g))
    fields.append(name, plain(value))
  return { action: plain(action), fields }
}

const plain = (html: string): string =>
  html
    .replace(/&#(x?)([0-9a-f]+);/gi, (_all, hex: string, digits: string) =>
      String.fromCodePoint(Number.parseInt(digits, hex ? 16 : 10)),
    )
    .replaceAll('&amp;', '&')
